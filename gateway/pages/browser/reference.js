// Shows all operations by Scalar: the OpenAPI document, with the guide of each task above its operations.
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
  hideModels: true,
  persistAuth: false,
  operationTitleSource: "summary",
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

const json = async (url) => (await fetch(url)).json();

/** The OpenAPI document, with the text of each guide in place of the link to it. */
async function documentWithGuides() {
  const document = await json("/openapi.json");
  await Promise.all(
    document.tags.map(async (tag) => {
      const { pathname } = new URL(tag.externalDocs.url);
      tag.description = await (await fetch(pathname)).text();
      delete tag.externalDocs;
    }),
  );
  return withSnippets(document);
}

const [{ createApiReference }, content] = await Promise.all([
  import(document.body.dataset.scalar),
  documentWithGuides(),
]);
const reference = createApiReference("#reference", { ...CONFIGURATION, content });
onSignIn(async (token) =>
  reference.updateConfiguration({
    ...CONFIGURATION,
    content: token === "" ? content : withSnippets(await withExistingIds(content, token)),
    authentication: { securitySchemes: { bearer: { token } } },
  }),
);
