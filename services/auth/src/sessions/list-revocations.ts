import type {
  ListRevocationsRequest,
  ListRevocationsResponse,
} from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import type { Auth } from "../app.ts";
import { listRevocations as list } from "./revocation-store.ts";

/** KeyService.ListRevocations. */
export const listRevocations =
  (app: Auth) =>
  async (_: ListRevocationsRequest): Promise<ListRevocationsResponse> => ({
    revocations: await list(app.db, app.clock.now()),
  });
