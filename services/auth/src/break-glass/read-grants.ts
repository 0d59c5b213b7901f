import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  BreakGlassGrant,
  GetBreakGlassGrantRequest,
  ListBreakGlassGrantsRequest,
  ListBreakGlassGrantsResponse,
} from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import type { Auth } from "../app.ts";
import { accessTo, toBreakGlassGrant } from "./grant.ts";
import { findGrant, listGrants } from "./grant-store.ts";

/** BreakGlassService.GetBreakGlassGrant. Throws NOT_FOUND. */
export async function getBreakGlassGrant(
  app: Auth,
  { grantId }: GetBreakGlassGrantRequest,
  call: Call,
): Promise<BreakGlassGrant> {
  const grant = await findGrant(app.db, grantId);
  if (!grant) throw new ApiError("NOT_FOUND");
  await app.audit.record(call, [accessTo(grant)]);
  return toBreakGlassGrant(grant, app.clock.now(), app.cipher);
}

/** BreakGlassService.ListBreakGlassGrants. Throws INVALID_PAGE_TOKEN. */
export async function listBreakGlassGrants(
  app: Auth,
  request: ListBreakGlassGrantsRequest,
  call: Call,
): Promise<ListBreakGlassGrantsResponse> {
  const filter = {
    adminId: request.adminId || undefined,
    patientId: request.patientId || undefined,
    status: request.status === "STATUS_UNSPECIFIED" ? undefined : request.status,
  };
  const page = app.pages.open(request, "break-glass grants", filter.adminId, filter.patientId, filter.status);
  const now = app.clock.now();
  const found = await listGrants(app.db, filter, page, now);
  const { rows, nextPageToken } = app.pages.close(page, found, (grant) => [grant.createTime, grant.id]);
  await app.audit.record(call, rows.map(accessTo));
  const grants = leaveOutAltered(app.log, rows, (grant) => toBreakGlassGrant(grant, now, app.cipher));
  return { grants, nextPageToken };
}
