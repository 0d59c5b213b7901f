import type {
  ListRevocationsRequest,
  ListRevocationsResponse,
} from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import type { Auth } from "../app.ts";
import { listRevocationsAfter } from "./revocation-store.ts";

/** Maximum number of revocations in one response, which the contract documents. */
const PAGE_SIZE = 10_000;

/** KeyService.ListRevocations: a page of the revocations that have not expired, in order of session ids. */
export async function listRevocations(
  app: Auth,
  { afterSessionId }: ListRevocationsRequest,
): Promise<ListRevocationsResponse> {
  const revocations = await listRevocationsAfter(app.db, afterSessionId, app.clock.now(), PAGE_SIZE);
  const last = revocations.length === PAGE_SIZE ? revocations.at(-1) : undefined;
  return { revocations, nextSessionId: last?.sessionId ?? "" };
}
