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

/** Runs Scalar's modules one by one. The page preloads them, each after those that it imports. */
async function loadScalar() {
  let scalar;
  for (const { href } of document.querySelectorAll('link[rel="modulepreload"][href*="/scalar-"]')) {
    scalar = await import(href);
    await nextTask();
  }
  return scalar;
}

/** A document as text, because Scalar would compare all parts of an object with those of the next one. */
const textOf = (document) => JSON.stringify(document);
const withoutOperations = (document) => ({ ...document, tags: [], paths: {}, components: {}, security: [] });

/**
 * The contents that Scalar shows one after the other, because it shows each in one task. A link to an
 * operation needs the operations at once.
 */
const stepsTo = (document) => (location.hash === "" ? [withoutOperations(document), document] : [document]);

await nextTask();
const [{ createApiReference }, content] = await Promise.all([
  loadScalar(),
  fetchDocument().then(withSnippets),
]);
let reference;
for (const step of stepsTo(content)) {
  const configuration = {
    ...CONFIGURATION,
    content: textOf(step),
    onLoaded: () => document.getElementById("introduction")?.remove(),
  };
  if (reference) reference.updateConfiguration(configuration);
  else reference = createApiReference("#reference", configuration);
  await nextTask();
}
let shown = textOf(content);
onSignIn(async (token, isRenewal) => {
  if (!isRenewal)
    shown = textOf(token === "" ? content : withSnippets(await withExistingIds(content, token)));
  const authentication = { securitySchemes: { bearer: { token } } };
  reference.updateConfiguration({ ...CONFIGURATION, content: shown, authentication });
});
