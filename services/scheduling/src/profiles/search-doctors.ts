import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  SearchDoctorsRequest,
  SearchDoctorsResponse,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { searchRegion } from "../jurisdiction/jurisdiction.ts";
import { toPublicProfile } from "./profile.ts";
import { searchDoctors as search } from "./search-doctors-store.ts";

/** DoctorService.SearchDoctors. Throws INVALID_PAGE_TOKEN, INVALID_REQUEST, REGION_REQUIRED. */
export async function searchDoctors(
  app: Scheduling,
  request: SearchDoctorsRequest,
  call: Call,
): Promise<SearchDoctorsResponse> {
  const { query, specialty, language, maxFeeMinor, availableFrom, availableTo, orderBy } = request;
  const region = await searchRegion(app, request.region, call);
  const now = app.businessClock.now();
  const page = app.pages.open(
    request,
    "doctors",
    query,
    specialty,
    language,
    region,
    maxFeeMinor,
    availableFrom,
    availableTo,
    orderBy,
  );
  const found = await search(app.db, request, region, page, now);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [
    orderBy === "createTime desc" ? row.createTime : row.nameKey,
    row.id,
  ]);
  return { doctors: rows.map((row) => toPublicProfile(row, now)), nextPageToken };
}
