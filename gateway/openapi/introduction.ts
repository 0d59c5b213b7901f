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

Errors are RFC 9457 problems. Switch on \`reason\`: [Errors](${apiUrl}/docs/errors) has its cause and cure. [Conventions](${apiUrl}/docs/guides/conventions)
has the forms of text, times and numbers, and the headers.
`;
}
