// Adds a call by the TypeScript client, `@medconnect/client`, to the snippets of each operation.

/** The document, with a code sample (`x-codeSamples`) for each operation. */
export function withSnippets(document) {
  const shared = document.components.parameters;
  const resolved = (parameter) => shared[parameter.$ref?.split("/").at(-1)] ?? parameter;
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      const source = callOf({ ...operation, parameters: operation.parameters.map(resolved) });
      operation["x-codeSamples"] = [{ lang: "TypeScript", label: "MedConnect", source }];
    }
  }
  return document;
}

const callOf = (operation) => `import { MedConnect } from "@medconnect/client";

const medconnect = new MedConnect({ baseUrl: "${location.origin}" });
const answer = await medconnect.${operation.operationId}(${argumentsOf(operation)});`;

/** The client takes path, query and body as one object. A body that is a resource has its own name in it. */
function argumentsOf({ parameters, requestBody, "x-body": bodyName }) {
  const inUrl = parameters
    .filter(({ in: place, required }) => place === "path" || (place === "query" && required))
    .map(({ name, example }) => [name, example ?? ""]);
  const [{ example } = {}] = Object.values(requestBody?.content ?? {});
  // A body of bytes has no example.
  const body = bodyName ? { [bodyName]: example ?? "" } : example;
  const request = { ...Object.fromEntries(inUrl), ...body };
  if (Object.keys(request).length === 0) return "";
  return JSON.stringify(request, null, 2).replace(/^(\s*)"([a-zA-Z]\w*)":/gm, "$1$2:");
}
