import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { login } from "../login/login.ts";
import {
  PASSWORD,
  type SignedIn,
  signedIn,
  startTestAuth,
  type TestAuth,
  tokensOf,
} from "../testing/test-auth.ts";
import { deleteSession } from "./delete-session.ts";
import { listSessions } from "./list-sessions.ts";
import { logout } from "./logout.ts";
import { refreshToken } from "./refresh-token.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOT_FOUND = { reason: "NOT_FOUND" };
const INVALID_REFRESH_TOKEN = { reason: "INVALID_REFRESH_TOKEN" };

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const logIn = async ({ email }: User, rememberMe = false): Promise<SignedIn> => {
  const request = { email, password: PASSWORD, rememberMe };
  const answer = await auth.call(AuthServiceService.login, bound(login, auth.app), request);
  return signedIn(tokensOf(answer));
};
const list = ({ caller }: SignedIn, page: { pageSize?: number; pageToken?: string } = {}) =>
  auth.call(
    UserServiceService.listSessions,
    bound(listSessions, auth.app),
    { pageSize: 0, pageToken: "", ...page },
    caller,
  );
const end = ({ caller }: SignedIn, sessionId: string) =>
  auth.call(UserServiceService.deleteSession, bound(deleteSession, auth.app), { sessionId }, caller);
const refresh = async (session: SignedIn, from?: string): Promise<SignedIn> => {
  const request = { refreshToken: session.refreshToken, idempotencyKey: "" };
  const handler = bound(refreshToken, auth.app);
  const answer = await auth.call(AuthServiceService.refreshToken, handler, request, undefined, from);
  return signedIn(answer);
};
const logOut = ({ caller }: SignedIn) =>
  auth.call(AuthServiceService.logout, bound(logout, auth.app), { idempotencyKey: "" }, caller);
const idOf = ({ caller }: SignedIn) => ("sessionId" in caller ? caller.sessionId : "");
const idsOf = async (session: SignedIn) => (await list(session)).sessions.map(({ id }) => id);

test("shows a session's start, latest use, device and end, and marks the current one", async () => {
  const user = await auth.makeUser();
  const began = auth.clock.now();
  const there = await logIn(user, true);
  auth.clock.advance(MINUTE_MS);
  const here = await logIn(user);
  auth.clock.advance(MINUTE_MS);
  await refresh(there, "2001:db8::7");
  const after = (ms: number) => new Date(began.getTime() + ms);
  expect(await list(here)).toEqual({
    sessions: [
      {
        id: idOf(here),
        createTime: after(MINUTE_MS),
        lastUsedTime: after(MINUTE_MS),
        expireTime: after(MINUTE_MS + 12 * HOUR_MS),
        current: true,
        remembered: false,
        ipAddress: "192.0.2.1",
        userAgent: "test/1.0",
      },
      {
        id: idOf(there),
        createTime: began,
        lastUsedTime: after(2 * MINUTE_MS),
        expireTime: after(30 * DAY_MS),
        current: false,
        remembered: true,
        ipAddress: "2001:db8::7",
        userAgent: "test/1.0",
      },
    ],
    nextPageToken: "",
  });
});

test.each(["NULL", "'x'"])(
  "a session whose client was changed to %s is listed without it until its next use",
  async (value) => {
    const here = await logIn(await auth.makeUser());
    await auth.app.db.write(`UPDATE sessions SET client = ${value} WHERE id = ?`, [binaryId(idOf(here))]);
    expect((await list(here)).sessions).toMatchObject([{ ipAddress: "", userAgent: "" }]);
    await refresh(here);
    expect((await list(here)).sessions).toMatchObject([{ ipAddress: "192.0.2.1" }]);
  },
);

test("leaves out ended, idle and other users' sessions", async () => {
  const user = await auth.makeUser();
  await logIn(user);
  auth.clock.advance(30 * MINUTE_MS);
  const here = await logIn(user);
  await logOut(await logIn(user));
  await logIn(await auth.makeUser());
  expect(await idsOf(here)).toEqual([idOf(here)]);
});

test("has pages whose token is valid for its user only", async () => {
  const user = await auth.makeUser();
  // All sessions start at the same time, so that their ids decide the order.
  const sessions = [await logIn(user), await logIn(user), await logIn(user)];
  const here = sessions[0]!;
  const first = await list(here, { pageSize: 2 });
  const second = await list(here, { pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.sessions, ...second.sessions].map(({ id }) => id)).toEqual(
    sessions.map(idOf).sort().reverse(),
  );
  expect(second.nextPageToken).toBe("");
  const stranger = await logIn(await auth.makeUser());
  const { nextPageToken: pageToken } = first;
  await expect(list(stranger, { pageSize: 2, pageToken })).rejects.toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("a user ends one of their sessions, once, audited; the others continue", async () => {
  const user = await auth.makeUser();
  const [here, there] = [await logIn(user), await logIn(user)];
  await end(here, idOf(there));
  await end(here, idOf(there));
  await expect(refresh(there)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  expect(await idsOf(here)).toEqual([idOf(here)]);
  await refresh(here);
  expect((await auth.auditOf(user.id)).filter((line) => line.startsWith("session.delete"))).toEqual([
    "session.delete SUCCESS",
  ]);
});

test("another user's session is not found, like an unknown one, and continues", async () => {
  const here = await logIn(await auth.makeUser());
  const theirs = await logIn(await auth.makeUser());
  const foreign = await end(here, idOf(theirs)).catch((error) => error);
  const missing = await end(here, newId()).catch((error) => error);
  expect(foreign).toMatchObject(NOT_FOUND);
  expect(foreign.message).toBe(missing.message);
  await refresh(theirs);
});

test("a remembered session lasts a week without use, and thirty days in total", async () => {
  let session = await logIn(await auth.makeUser(), true);
  for (let day = 6; day < 30; day += 6) {
    auth.clock.advance(6 * DAY_MS);
    session = await refresh(session);
  }
  auth.clock.advance(6 * DAY_MS);
  await expect(refresh(session)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  const resting = await logIn(await auth.makeUser(), true);
  auth.clock.advance(7 * DAY_MS);
  await expect(refresh(resting)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});
