import type { Route } from "../rpc/routes.ts";
import { placesOf } from "./operation-place.ts";

export const TITLE = "MedConnect API";

/** Introduction of the document, in Markdown. */
export function introduction(routes: readonly Route[], apiUrl: string): string {
  const link = (operationId: string) => `[${operationId}](${placesOf(routes).get(operationId)})`;
  return `Telemedicine: accounts, doctors, bookings, consultations, prescriptions and payments.

1. Sign in: choose a demo account at the top of \`/docs\`, or call ${link("login")}.
2. Send \`tokens.accessToken\` of the answer as \`Authorization: Bearer\`.
3. Book: take a slot from ${link("listSlots")}, and call ${link("createBooking")}.

Systems without a user call ${link("issueToken")}. \`/.well-known/oauth-authorization-server\` describes it (RFC 8414).

## Conventions

- JSON follows the canonical protobuf mapping: \`lowerCamelCase\` names, times as RFC 3339, 64-bit integers as text.
- Unknown fields and parameters are refused by name.
- \`null\`, and an empty text in the query, count as absent.
- Errors are RFC 9457 problems. Switch on \`reason\`: [Errors](${apiUrl}/docs/errors) has its cause and cure.

Answers show the canonical form of the input:

| Input | Form |
|---|---|
| text | NFC, without surrounding white space; invisible characters are refused |
| time | UTC, in the years 1900 to 2200, at most three decimals |
| zone, language, currency | IANA, BCP 47, ISO 4217 |

| Header | Content |
|---|---|
| \`x-request-id\` | id of the request, which you can also send |
| \`x-trace-id\` | trace (W3C Trace Context) |
| \`RateLimit-Policy\` | requests per window of each quota: \`"read";q=600;w=60\` |
| \`RateLimit\` | the rest, and seconds until the window ends: \`"read";r=599;t=42\` |
| \`Idempotent-Replayed\` | \`true\`: the first answer to the Idempotency-Key, again |
`;
}
