// Shows all operations of the OpenAPI document by Scalar.
import "./no-eval.js";
import { mendAccessibility } from "./accessibility.js";
import { idsIn, withExampleKey, withExistingIds, withNewKey } from "./examples.js";
import { withReasons } from "./reasons.js";
import { onSignIn } from "./sign-in.js";
import { withSnippets } from "./snippets.js";

const CONFIGURATION = {
  // Calls go to this host, also if the document names another one, such as localhost for 127.0.0.1.
  servers: [{ url: location.origin }],
  customFetch: send,
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

const modules = root.dataset.modules.split(" ");

/** Fetches Scalar's modules together. They run when they are imported. */
function preloadScalar() {
  for (const href of modules)
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
}

/** Runs Scalar's modules one by one, each after those that it imports. */
async function runScalar() {
  let scalar;
  for (const path of modules) {
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

let token = "";
let shown = "";
const MAX_RECENT_IDS = 100;
/** Ids of the resources that the reader's requests have made or changed, the latest first. */
let recentIds = [];
let updates = 0;

function show() {
  const authentication = { securitySchemes: { bearer: { token } } };
  reference.updateConfiguration({ ...CONFIGURATION, content: shown, authentication });
}

/** Shows examples with the ids that the signed-in user can read now. */
async function updateExamples() {
  updates += 1;
  const update = updates;
  await dialogClosed();
  root.ariaBusy = "true";
  try {
    const document = token === "" ? content : withSnippets(await withExistingIds(content, token, recentIds));
    if (update !== updates) return;
    shown = textOf(document);
    show();
    await nextTask();
  } finally {
    if (update === updates) root.ariaBusy = "false";
  }
}

/** Sends a request of the reader. Later examples act on the resources that it made or changed. */
async function send(input, init) {
  const request = withNewKey(new Request(input, init));
  const answer = await fetch(request);
  if (token !== "" && answer.ok && request.method !== "GET") {
    const ids = idsIn(await answer.clone().text());
    recentIds = [...ids, ...recentIds].slice(0, MAX_RECENT_IDS);
    if (ids.length > 0) updateExamples();
  }
  return answer;
}

/** Waits until no request is open, because an update would replace the reader's input. */
function dialogClosed() {
  const isOpen = () => root.querySelector(".scalar-client--open") !== null;
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (isOpen()) return;
      observer.disconnect();
      resolve();
    });
    if (!isOpen()) return resolve();
    observer.observe(root, { subtree: true, childList: true, attributeFilter: ["class"] });
  });
}

/**
 * Waits until the reader does something, or has followed a link to an operation. Until then, the introduction leads
 * everywhere, and the page costs no time of the processor.
 */
function readerActs() {
  const events = [
    "pointermove",
    "pointerdown",
    "touchstart",
    "wheel",
    "scroll",
    "keydown",
    "change",
    "hashchange",
  ];
  return new Promise((resolve) => {
    if (location.hash !== "") return resolve();
    for (const event of events) addEventListener(event, resolve, { once: true, passive: true });
  });
}

await nextTask();
preloadScalar();
let isSearching = false;
document.getElementById("search").addEventListener("click", () => {
  isSearching = true;
});
await readerActs();
const [{ createApiReference }, content] = await Promise.all([
  runScalar(),
  fetchDocument().then(withExampleKey).then(withReasons).then(withSnippets),
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
mendAccessibility();
if (isSearching) root.querySelector("button:has(.sidebar-search-placeholder)").click();
shown = textOf(content);
onSignIn((newToken, isRenewal) => {
  token = newToken;
  return isRenewal ? show() : updateExamples();
});
