import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { MedConnect } from "./gen/medconnect.ts";
import { serviceAccount } from "./service-account.ts";
import { userSession } from "./session.ts";
import { sendJson, startApiServer } from "./testing/api-server.ts";
import { type SessionServer, startSessionServer } from "./testing/session-server.ts";
import { memoryTokens, type TokenStore } from "./token-store.ts";

const LOGIN = { email: "a@example.org", password: "correct horse" };

let server: SessionServer;
let store: TokenStore;
let medconnect: MedConnect;

beforeEach(async () => {
  server = await startSessionServer();
  store = memoryTokens();
  medconnect = new MedConnect({ baseUrl: server.url, credentials: userSession(store) });
});
afterEach(() => server.close());

const sent = () => server.received.map(({ call, headers }) => `${call} ${headers.authorization ?? "-"}`);

test("a login signs the client in, and a logout signs it out", async () => {
  await medconnect.login(LOGIN);
  await medconnect.getMe();
  await medconnect.logout();
  expect(sent().slice(0, 2)).toEqual(["POST /v1/auth/login -", "GET /v1/users/me Bearer a1"]);
  expect(await store.read()).toBeUndefined();
});

test("a login that needs a second factor signs nobody in", async () => {
  server.answer = (_request, response) =>
    sendJson(response, 200, { mfaChallenge: { mfaToken: "m1", expiresInSeconds: 300 } });
  expect(await medconnect.login(LOGIN)).toMatchObject({ mfaChallenge: { mfaToken: "m1" } });
  expect(await store.read()).toBeUndefined();
});

test("concurrent calls with an expired token refresh it once", async () => {
  await medconnect.login(LOGIN);
  server.expire();
  const answers = await Promise.all(Array.from({ length: 50 }, () => medconnect.getMe()));
  expect(answers).toHaveLength(50);
  expect(server).toMatchObject({ refreshes: 1, isEnded: false });
});

test("clients that share a store refresh once", async () => {
  const others = Array.from(
    { length: 10 },
    () => new MedConnect({ baseUrl: server.url, credentials: userSession(store) }),
  );
  await medconnect.login(LOGIN);
  server.expire();
  await Promise.all(others.flatMap((other) => [other.getMe(), other.getMe()]));
  expect(server).toMatchObject({ refreshes: 1, isEnded: false });
});

test("a token that is about to expire is refreshed before the call", async () => {
  await server.close();
  server = await startSessionServer(5);
  medconnect = new MedConnect({ baseUrl: server.url });
  await medconnect.login(LOGIN);
  await medconnect.getMe();
  expect(sent()).toEqual([
    "POST /v1/auth/login -",
    "POST /v1/auth/token:refresh -",
    "GET /v1/users/me Bearer a2",
  ]);
});

test("a refresh whose answer was lost is repeated with the same key", async () => {
  await medconnect.login(LOGIN);
  server.expire();
  server.loseNext();
  await medconnect.getMe();
  expect(server).toMatchObject({ refreshes: 2, isEnded: false });
});

test("a process that crashed during a refresh does not end the session", async () => {
  await medconnect.login(LOGIN);
  const before = await store.read();
  server.expire();
  await medconnect.getMe();
  // The crashed process did not store the answer.
  await store.write(before);
  await new MedConnect({ baseUrl: server.url, credentials: userSession(store) }).getMe();
  expect(server).toMatchObject({ refreshes: 2, isEnded: false });
});

test("a session that has ended is forgotten, and says that a login is needed", async () => {
  await medconnect.login(LOGIN);
  server.expire();
  server.isEnded = true;
  await expect(medconnect.getMe()).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  expect(await store.read()).toBeUndefined();
});

test("a refresh that fails keeps the session", async () => {
  await medconnect.login(LOGIN);
  server.expire();
  const { answer } = server;
  server.answer = (request, response, count) =>
    request.call.endsWith(":refresh") ? response.destroy() : answer(request, response, count);
  await expect(medconnect.updateMe({ user: {} })).rejects.toThrow(server.url);
  server.answer = answer;
  await medconnect.getMe();
  expect(server.isEnded).toBe(false);
});

test("a service account gets one token for all calls, and another when it is refused", async () => {
  const api = await startApiServer();
  let issued = 0;
  api.answer = ({ call, headers }, response) => {
    if (call === "POST /v1/auth/token") {
      issued++;
      return sendJson(response, 200, { access_token: `s${issued}`, expires_in: 300 });
    }
    const isCurrent = headers.authorization === "Bearer s2";
    return sendJson(response, isCurrent ? 200 : 401, isCurrent ? {} : { reason: "UNAUTHENTICATED" });
  };
  const credentials = serviceAccount({ clientId: "c1", clientSecret: "x", scopes: ["a", "b"] });
  const system = new MedConnect({ baseUrl: api.url, credentials });
  await Promise.all([system.getStats(), system.getStats(), system.getStats()]);
  expect(issued).toBe(2);
  expect(api.received[0]!.body).toBe("grant_type=client_credentials&client_id=c1&client_secret=x&scope=a+b");
  await api.close();
});
