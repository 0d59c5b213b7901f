// Shows all operations of the OpenAPI document by Scalar.
import "./no-eval.js";
import { withExistingIds, withNewKey } from "./examples.js";
import { onSignIn } from "./sign-in.js";
import { withSnippets } from "./snippets.js";

const CONFIGURATION = {
  // Calls go to this host, also if the document names another one, such as localhost for 127.0.0.1.
  servers: [{ url: location.origin }],
  customFetch: (input, init) => fetch(withNewKey(new Request(input, init))),
  // Everything that would call Scalar's servers is off.
  proxyUrl: "",
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: "never",
  hideClientButton: true,
  documentDownloadType: "none",
  defaultOpenFirstTag: false,
  hideModels: true,
  persistAuth: false,
  operationTitleSource: "summary",
  showOperationId: true,
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  featuredClients: ["shell/curl", "js/fetch", "python/requests"],
  hiddenClients: {
    ...Object.fromEntries(
      "c clojure csharp dart fsharp go http java julia kotlin objc ocaml php powershell r ruby rust swift"
        .split(" ")
        .map((language) => [language, true]),
    ),
    shell: ["httpie", "wget"],
    js: ["axios", "jquery", "ofetch", "xhr"],
    node: true,
    python: ["aiohttp", "http.client", "httpx_async", "httpx_sync", "python3"],
  },
};

const fetchDocument = async () => (await fetch("/openapi.json")).json();

/** Lets the browser paint and respond to the reader before the next task. */
const nextTask = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

const root = document.getElementById("reference");

/** Fetches Scalar's modules together, and runs them one by one, each after those that it imports. */
async function loadScalar() {
  const paths = root.dataset.modules.split(" ");
  for (const href of paths)
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  let scalar;
  for (const path of paths) {
    scalar = await import(path);
    await nextTask();
  }
  return scalar;
}

/** A document as text, because Scalar would compare all parts of an object with those of the next one. */
const textOf = (document) => JSON.stringify(document);
const EMPTY = { openapi: "3.1.1", info: { title: document.title, version: "" }, paths: {} };
const withoutOperations = (content) => ({ ...content, paths: {}, components: {}, security: [] });

/**
 * The contents that Scalar shows one after the other, because it shows each in one task. A link to an operation
 * needs the operations at once.
 */
const stepsTo = (content) =>
  location.hash === "" ? [EMPTY, withoutOperations(content), content] : [content];

// The introduction appears first.
await nextTask();
const [{ createApiReference }, content] = await Promise.all([
  loadScalar(),
  fetchDocument().then(withSnippets),
]);
let reference;
for (const step of stepsTo(content)) {
  const configuration = { ...CONFIGURATION, content: textOf(step) };
  if (reference) reference.updateConfiguration(configuration);
  else reference = createApiReference(root, configuration);
  await nextTask();
}
while (!root.querySelector('[id*="/tag/"]')) await nextTask();
document.getElementById("introduction").remove();
let shown = textOf(content);
onSignIn(async (token, isRenewal) => {
  if (!isRenewal)
    shown = textOf(token === "" ? content : withSnippets(await withExistingIds(content, token)));
  const authentication = { securitySchemes: { bearer: { token } } };
  reference.updateConfiguration({ ...CONFIGURATION, content: shown, authentication });
});
