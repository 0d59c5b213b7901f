import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type ServiceName } from "../support/grpc.ts";
import { decoded, ed25519, jwt, sharedSigningKey } from "../support/jwt.ts";
import { DAY_MS, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";
import { MISTAKES, type Mistake } from "./first-mistakes.ts";

const api = new Api(sharedStack().urls.gateway);
let accounts: { patient: Account; doctor: Account };
/** Values for the words in angle brackets. */
let values: Record<string, string>;

beforeAll(async () => {
  const [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT")]);
  accounts = { doctor, patient };
  const [taken, slotId] = [await offer(doctor, DAY_MS), await offer(doctor, 2 * DAY_MS)];
  const usedKey = randomUUID();
  const booking = await patient.api.ok("POST /v1/bookings", {
    key: usedKey,
    body: { slotId: taken, reason: "A cough" },
  });
  const { etag } = await patient.api.ok("GET /v1/users/me");
  await patient.api.ok("PATCH /v1/users/me", { body: { locale: "de" } });
  values = {
    slotId,
    usedKey,
    bookingId: String(booking.id),
    token: patient.token,
    refreshToken: patient.refreshToken,
    expiredToken: await expired(patient),
    revokedToken: await revoked(),
    foreignPageToken: await pageTokenOf(doctor),
    oldEtag: String(etag),
  };
});

/** The patient's token, but with an end in the past. */
async function expired({ token }: Account): Promise<string> {
  const { header, claims } = decoded(token);
  const { privateKey } = await sharedSigningKey();
  return jwt(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 60 }, ed25519(privateKey));
}

/** Token of a session that has ended, as the gateway knows. */
async function revoked(): Promise<string> {
  const leaving = await signUp(api, "PATIENT");
  await leaving.api.ok("POST /v1/auth/logout");
  await eventually(
    () => leaving.api.send("GET /v1/users/me"),
    ({ status }) => status === 401,
  );
  return leaving.token;
}

/** Page token of the list of slots. */
async function pageTokenOf({ id, api: own }: Account): Promise<string> {
  return String((await own.ok(`GET /v1/doctors/${id}/slots?pageSize=1`)).nextPageToken);
}

const fill = (template: string): string =>
  template.replace(/<(\w+)>/g, (_, name: string) => (name === "newKey" ? randomUUID() : values[name]!));

/** Sends the call. Unlike fetch, sends it as it is, also if GET has a body. */
async function send({ call, as = "patient", headers, body }: Mistake) {
  const [method, path = ""] = call.split(" ");
  const content = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
  const all = {
    connection: "close",
    ...(as !== "nobody" && { authorization: `Bearer ${accounts[as].token}` }),
    ...(typeof body === "object" && { "content-type": "application/json" }),
    ...headers,
  };
  const filled = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, fill(value)]));
  const sent = fill(content);
  return await new Promise<{ status: number | undefined; type: string | undefined; body: Json }>(
    (resolve, reject) => {
      request(
        api.url,
        {
          method,
          path: fill(path),
          headers: { ...filled, ...(sent !== "" && { "content-length": Buffer.byteLength(sent) }) },
        },
        async (response) =>
          resolve({
            status: response.statusCode,
            type: response.headers["content-type"],
            body: JSON.parse(await text(response)),
          }),
      )
        .on("error", reject)
        .end(sent);
    },
  );
}

describe("over gRPC, the same words name fields as the proto does:", () => {
  test.each<[service: ServiceName, rpc: string, request: Json, words: string]>([
    [
      "auth",
      "auth.v1.UserService/UpdateMe",
      { user: { phone: "030 123456" }, updateMask: { paths: ["phone"] } },
      "user.phone: must be E.164 such as +4930123456",
    ],
    [
      "auth",
      "auth.v1.UserService/UpdateMe",
      { user: {}, updateMask: { paths: ["create_time"] } },
      "update_mask: `create_time` is output only; leave it out",
    ],
    [
      "auth",
      "auth.v1.UserService/UpdateMe",
      { user: {}, updateMask: { paths: ["date_of_brith"] } },
      'update_mask: unknown field "date_of_brith"; did you mean `date_of_birth`?',
    ],
    [
      "scheduling",
      "scheduling.v1.BookingService/GetBooking",
      { bookingId: "123" },
      'booking_id: must be a UUID such as 0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21; got "123"',
    ],
    ["auth", "auth.v1.UserService/ListUsers", {}, "Your role is PATIENT; this needs ADMIN."],
  ])("%s %s %j", async (service, rpc, message, words) => {
    const grpc = new Grpc(sharedStack().addresses[service]);
    const answer = await grpc.call(rpc, message, accounts.patient).finally(() => grpc.close());
    expect(answer.detail).toBe(words);
  });
});

test("the table has 72 mistakes with different titles", () => {
  expect(new Set(MISTAKES.map(({ title }) => title)).size).toBe(72);
});

test.each(MISTAKES.map((mistake) => [mistake.title, mistake] as const))("%s", async (_title, mistake) => {
  const [status, reason] = mistake.answer;
  const answer = await send(mistake);
  expect(answer.body).toMatchObject({ status, reason, detail: expect.stringContaining(mistake.detail) });
  expect([answer.status, answer.type]).toEqual([status, "application/problem+json"]);
  expect(JSON.stringify(answer.body)).not.toContain(accounts.patient.token);
});
