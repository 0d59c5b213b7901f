import { afterAll, beforeAll } from "@jest/globals";
import { testEvents } from "@medconnect/platform/testing/event-tests.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { BreakGlassServiceService } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { updateMe } from "./accounts/update-me.ts";
import { disableUser, enableUser } from "./admin/change-status.ts";
import { createBreakGlassGrant } from "./break-glass/create-grant.ts";
import { revokeBreakGlassGrant } from "./break-glass/revoke-grant.ts";
import { EVENT_ROUTES } from "./event-routes.ts";
import { startTestAuth, type TestAuth } from "./testing/test-auth.ts";

const { createBreakGlassGrant: create, revokeBreakGlassGrant: revoke } = BreakGlassServiceService;
const idempotencyKey = "";

let auth: TestAuth;

beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const rename = async () => {
  const { caller } = await auth.logIn(await auth.makeUser());
  const request = { user: User.fromPartial({ fullName: "Jo Roe" }), updateMask: ["full_name"] };
  await auth.call(UserServiceService.updateMe, bound(updateMe, auth.app), request, caller);
};

async function disabled(): Promise<User> {
  const user = await auth.makeUser();
  const request = { userId: user.id, idempotencyKey };
  const admin = await auth.signInAdmin();
  return await auth.call(UserServiceService.disableUser, bound(disableUser, auth.app), request, admin);
}

async function enable() {
  const request = { userId: (await disabled()).id, idempotencyKey };
  const admin = await auth.signInAdmin();
  await auth.call(UserServiceService.enableUser, bound(enableUser, auth.app), request, admin);
}

async function grant() {
  const admin = await auth.signInAdmin();
  const request = {
    patientId: (await auth.makeUser()).id,
    reason: "Found unconscious; allergies?",
    idempotencyKey,
  };
  const { id } = await auth.call(create, bound(createBreakGlassGrant, auth.app), request, admin);
  return { grantId: id, admin };
}

async function revokeGrant() {
  const { grantId, admin } = await grant();
  await auth.call(revoke, bound(revokeBreakGlassGrant, auth.app), { grantId, idempotencyKey }, admin);
}

testEvents(
  EVENT_ROUTES,
  {
    "user.created": () => auth.makeUser(),
    "user.updated": rename,
    "user.disabled": disabled,
    "user.enabled": enable,
    "break_glass.granted": grant,
    "break_glass.revoked": revokeGrant,
  },
  () => auth.app.db,
);
