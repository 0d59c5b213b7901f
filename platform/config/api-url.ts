import * as z from "zod";

const DEFAULT_API_URL = "http://localhost:8080";

export const apiUrlSettings = {
  API_URL: z
    .url({ protocol: /^https?$/, error: "must be https://… or http://…" })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional()
    .meta({
      description:
        "URL at which clients reach the API, the same for all processes. The OpenAPI document and the `type` of " +
        "errors name it. It is the issuer in the OAuth metadata and the `iss` claim of access tokens, and signed " +
        "assertions of service accounts are for it",
      documentedDefault: `\`${DEFAULT_API_URL}\`; in production: required`,
    }),
};

/** URL of the API without a trailing slash, with its default. Throws in production if it is not set. */
export function apiUrlOf({
  NODE_ENV,
  API_URL,
}: {
  NODE_ENV?: string | undefined;
  API_URL?: string | undefined;
}): string {
  if (NODE_ENV === "production" && !API_URL) throw new Error("API_URL is required in production");
  return API_URL ?? DEFAULT_API_URL;
}
