import { ListUsersRequest, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import {
  LicenseServiceService,
  type ListLicensesRequest,
  type ListLicensesResponse,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { ComposedCall } from "./composed-call.ts";

/**
 * Lists licences from scheduling, with the names and e-mail addresses of the doctors from auth. Both services
 * write an audit line.
 */
export async function listLicenses(
  request: ListLicensesRequest,
  { services, options }: ComposedCall,
): Promise<ListLicensesResponse> {
  const { message } = await services.call("scheduling", LicenseServiceService.listLicenses, request, options);
  const userIds = [...new Set(message.licenses.map(({ doctorId }) => doctorId))];
  if (userIds.length === 0) return message;
  const usersRequest = ListUsersRequest.fromPartial({ userIds, pageSize: userIds.length });
  const { users } = (await services.call("auth", UserServiceService.listUsers, usersRequest, options))
    .message;
  const doctors = new Map(
    users.map(({ id, fullName, email }) => [id, { doctorName: fullName, doctorEmail: email }]),
  );
  return {
    ...message,
    licenses: message.licenses.map((license) => ({ ...license, ...doctors.get(license.doctorId) })),
  };
}
