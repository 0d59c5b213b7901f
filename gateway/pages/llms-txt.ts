import { tagsOf } from "../openapi/tags.ts";
import type { Route } from "../rpc/routes.ts";

/** Index of the documentation for language models (llmstxt.org). */
export function llmsTxt(routes: readonly Route[], apiUrl: string): string {
  const guides = tagsOf(routes, apiUrl).map(
    ({ name, description, externalDocs }) => `- [${name}](${externalDocs.url}.md): ${description}`,
  );
  return `# MedConnect API

> Back end of a telemedicine platform: patients find, book, pay and meet doctors. JSON over HTTP, and gRPC.

Send the access token of \`POST /v1/auth/login\` as \`Authorization: Bearer\`. Errors are RFC 9457 problems; switch on \`reason\`.

## Reference

- [OpenAPI 3.1](${apiUrl}/openapi.json): every operation with its schemas, access rules and errors
- [Errors](${apiUrl}/docs/errors): every reason with its cause and its cure

## Guides

- [Conventions](${apiUrl}/docs/guides/conventions.md): JSON, canonical forms, headers
${guides.join("\n")}
`;
}
