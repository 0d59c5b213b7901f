import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { type ApiServer, sendJson } from "../testing/api-server.ts";
import { CommandLine } from "../testing/command-line.ts";

const TOKENS = { accessToken: "a1", refreshToken: "r1", expiresInSeconds: 300 };
const ME = { id: "u1", email: "pat@example.org", fullName: "Pat Patient", role: "PATIENT" };

let cli: CommandLine;
let server: ApiServer;
let home: string;

beforeEach(async () => {
  cli = await CommandLine.open();
  ({ server, home } = cli);
  server.answer = ({ call }, response) => {
    if (call === "POST /v1/auth/login") return sendJson(response, 200, { tokens: TOKENS });
    if (call === "POST /v1/auth/login:verifyMfa") return sendJson(response, 200, TOKENS);
    return sendJson(response, 200, ME);
  };
});
afterEach(() => cli.close());

const medconnect: CommandLine["run"] = (...command) => cli.run(...command);
const logIn = () => medconnect(["login", "pat@example.org"], { input: "correct horse\n" });

test("login reads the password from standard input, and keeps the session in a file of mode 0600", async () => {
  expect(await logIn()).toEqual({
    code: 0,
    stdout: "",
    stderr: `Signed in to ${server.url} as Pat Patient (PATIENT).\n`,
  });
  expect(JSON.parse(server.received[0]!.body)).toEqual({
    email: "pat@example.org",
    password: "correct horse",
    rememberMe: false,
  });
  const folder = join(home, ".config/medconnect");
  const file = join(folder, `${encodeURIComponent(server.url)}.json`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toContain('"refreshToken":"r1"');
});

test("later commands send the token, also without the server's address; logout deletes it", async () => {
  await logIn();
  const without = { env: { MEDCONNECT_SERVER: "" } };
  expect((await medconnect(["whoami", "-o", "table"])).stdout).toContain("fullName  Pat Patient\n");
  await medconnect(["--output", "json", "get-me"], { env: { MEDCONNECT_SERVER: undefined } });
  expect(server.received.at(-1)).toMatchObject({ headers: { authorization: "Bearer a1" } });
  expect(await medconnect(["logout"], without)).toMatchObject({ code: 2 });
  expect(await medconnect(["logout"])).toMatchObject({ code: 0 });
  expect(await readdir(join(home, ".config/medconnect"))).toEqual(["server"]);
});

test.each([
  ["123456", { code: "123456" }],
  ["ABCD-EFGH", { recoveryCode: "ABCD-EFGH" }],
])("login asks for the second factor %s", async (factor, sent) => {
  const { answer } = server;
  server.answer = (request, response, count) =>
    request.call === "POST /v1/auth/login"
      ? sendJson(response, 200, { mfaChallenge: { mfaToken: "m1", expiresInSeconds: 300 } })
      : answer(request, response, count);
  const { code } = await medconnect(["login", "pat@example.org"], { input: `correct horse\n${factor}\n` });
  expect(code).toBe(0);
  expect(JSON.parse(server.received[1]!.body)).toEqual({ mfaToken: "m1", ...sent });
});

test("login tells an account without its required second factor to enrol one", async () => {
  server.answer = ({ call }, response) =>
    sendJson(
      response,
      200,
      call === "POST /v1/auth/login" ? { tokens: { ...TOKENS, nextStep: "ENROL_SECOND_FACTOR" } } : ME,
    );
  expect((await logIn()).stderr).toContain("medconnect set-up-totp");
});

test("the activation of a second factor renews the token, which says that there is none", async () => {
  await logIn();
  const { answer } = server;
  server.answer = (request, response, count) =>
    request.call === "POST /v1/auth/token:refresh"
      ? sendJson(response, 200, { ...TOKENS, accessToken: "a2" })
      : answer(request, response, count);
  expect(await medconnect(["activate-totp", "--code", "123456"])).toMatchObject({ code: 0 });
  await medconnect(["whoami"]);
  expect(server.received.at(-1)).toMatchObject({ headers: { authorization: "Bearer a2" } });
});

test("a service account of the environment gets a token", async () => {
  server.answer = ({ call }, response) =>
    sendJson(response, 200, call === "POST /v1/auth/token" ? { access_token: "s1", expires_in: 300 } : {});
  await medconnect(["get-stats"], { env: { MEDCONNECT_CLIENT_ID: "c1", MEDCONNECT_CLIENT_SECRET: "x" } });
  expect(server.received.at(-1)).toMatchObject({
    call: "GET /v1/admin/stats",
    headers: { authorization: "Bearer s1" },
  });
});

describe("a service account with a key", () => {
  const keyFile = () => join(home, "key.json");
  const env = () => ({ MEDCONNECT_CLIENT_ID: "c1", MEDCONNECT_CLIENT_KEY_FILE: keyFile() });

  test("signs an assertion for the token endpoint", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    await writeFile(keyFile(), JSON.stringify(privateKey.export({ format: "jwk" })));
    server.answer = ({ call }, response) =>
      sendJson(response, 200, call === "POST /v1/auth/token" ? { access_token: "s1", expires_in: 300 } : {});
    const MEDCONNECT_TOKEN_URL = "https://api.example.org/v1/auth/token";
    expect(await medconnect(["get-stats"], { env: { ...env(), MEDCONNECT_TOKEN_URL } })).toMatchObject({
      code: 0,
    });
    const { client_assertion: assertion } = Object.fromEntries(new URLSearchParams(server.received[0]!.body));
    expect(decodeJwt(assertion!)).toMatchObject({ sub: "c1", aud: MEDCONNECT_TOKEN_URL });
  });

  test.each([
    ["no file", undefined, "ENOENT"],
    ["text", "secret-text", "it is no JSON"],
    ["a public key", '{"kty":"OKP","crv":"Ed25519","x":"AA"}', "must be a private JWK"],
  ])("must be a private JWK: %s", async (_, content, reason) => {
    if (content !== undefined) await writeFile(keyFile(), content);
    const { code, stderr } = await medconnect(["get-stats"], { env: env() });
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(stderr).not.toContain("secret-text");
  });

  test("is missing", async () => {
    expect(await medconnect(["get-stats"], { env: { MEDCONNECT_CLIENT_ID: "c1" } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("MEDCONNECT_CLIENT_KEY_FILE"),
    });
  });
});
