import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { accessToken } from "./credentials.ts";
import { ConnectionError, hasReason, MedConnectError } from "./errors.ts";
import { MedConnect } from "./gen/medconnect.ts";
import { type ApiServer, refuse, sendJson, startApiServer } from "./testing/api-server.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const BUSY = { reason: "UNAVAILABLE", code: "UNAVAILABLE" };

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

let server: ApiServer;
let medconnect: MedConnect;

beforeAll(async () => {
  server = await startApiServer();
  medconnect = new MedConnect({ baseUrl: `${server.url}/`, credentials: accessToken("t1") });
});
afterAll(() => server.close());
beforeEach(() => {
  server.received.length = 0;
  server.answer = (_request, response) => sendJson(response, 200, { id: ID });
});

test("a request is split into path, query and body", async () => {
  await medconnect.createBooking({ slotId: ID, reason: "A cough" }, { idempotencyKey: "k1" });
  await medconnect.rescheduleBooking({ bookingId: "a/b", slotId: ID });
  await medconnect.updateDoctor({ doctorId: ID, updateMask: "bio", doctor: { bio: "Hearts." } });
  await medconnect.listSlots({ doctorId: ID, startTime: new Date(0), pageSize: 5 });
  await medconnect.receiveWebhook({ provider: "stub", body: "raw", "Stub-Signature": "s1" });
  expect(server.received).toMatchObject([
    {
      call: "POST /v1/bookings",
      headers: { authorization: "Bearer t1", "idempotency-key": "k1", "content-type": "application/json" },
      body: JSON.stringify({ slotId: ID, reason: "A cough" }),
    },
    { call: "POST /v1/bookings/a%2Fb:reschedule", body: JSON.stringify({ slotId: ID }) },
    { call: `PATCH /v1/doctors/${ID}?updateMask=bio`, body: JSON.stringify({ bio: "Hearts." }) },
    { call: `GET /v1/doctors/${ID}/slots?startTime=1970-01-01T00%3A00%3A00.000Z&pageSize=5`, body: "" },
    { call: "POST /v1/webhooks/payments/stub", headers: { "stub-signature": "s1" }, body: "raw" },
  ]);
  expect(server.received[4]?.headers.authorization).toBeUndefined();
});

test("an RPC with a form body", async () => {
  const rpc = { route: "POST /v1/auth/token", body: "*", encoding: "form" } as const;
  await medconnect.call(rpc, { grant_type: "client_credentials", scope: "a b" });
  expect(server.received).toMatchObject([
    {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials&scope=a+b",
    },
  ]);
});

test("a missing field of the path is a TypeError that names it, and nothing is sent", async () => {
  await expect(medconnect.getBooking({ bookingId: "" })).rejects.toThrow(
    new TypeError("bookingId is required: GET /v1/bookings/{bookingId}"),
  );
  expect(server.received).toEqual([]);
});

test("options become headers", async () => {
  const { data, info } = await medconnect
    .getDoctor({ doctorId: ID }, { traceparent: "00-1-2-01", requestId: "mine", headers: { "x-a": "b" } })
    .withInfo();
  await medconnect.updateDoctor({ doctorId: ID, doctor: {} }, { ifMatch: { etag: "7.hash" } });
  await medconnect.updateDoctor({ doctorId: ID, doctor: {} }, { ifMatch: '"7.hash"' });
  expect(data.id).toBe(ID);
  expect(info.status).toBe(200);
  expect(server.received).toMatchObject([
    { headers: { traceparent: "00-1-2-01", "x-request-id": "mine", "x-a": "b" } },
    { headers: { "if-match": '"7.hash"' } },
    { headers: { "if-match": '"7.hash"' } },
  ]);
});

test("an update with a resource that has no etag is not sent without a condition", async () => {
  const update = medconnect.updateDoctor({ doctorId: ID, doctor: {} }, { ifMatch: {} });
  await expect(update).rejects.toThrow(new TypeError("ifMatch has no etag"));
  expect(server.received).toEqual([]);
});

test("the client's traceparent and headers are sent with each call", async () => {
  const traced = new MedConnect({
    baseUrl: server.url,
    traceparent: () => "00-3-4-00",
    headers: { "user-agent": "app" },
  });
  await traced.getJwks();
  expect(server.received).toMatchObject([{ headers: { traceparent: "00-3-4-00", "user-agent": "app" } }]);
});

test("a refusal is a MedConnectError with all that the problem says", async () => {
  server.answer = (_request, response) =>
    refuse(
      response,
      412,
      {
        reason: "ETAG_MISMATCH",
        code: "FAILED_PRECONDITION",
        detail: "Changed.",
        errors: [{ field: "bio" }],
        traceUrl: "http://127.0.0.1:9469/8443",
      },
      { "retry-after": "3" },
    );
  const error = await medconnect.updateDoctor({ doctorId: ID, doctor: {} }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(MedConnectError);
  expect(error).toMatchObject({
    message: "ETAG_MISMATCH: Changed.",
    status: 412,
    reason: "ETAG_MISMATCH",
    detail: "Changed.",
    violations: [{ field: "bio" }],
    requestId: "r1",
    traceUrl: "http://127.0.0.1:9469/8443",
    retryAfterMs: 3000,
    preconditionFailed: true,
  });
  expect(hasReason(error, "NOT_FOUND", "ETAG_MISMATCH")).toBe(true);
  expect(hasReason(error, "NOT_FOUND")).toBe(false);
});

test("a call that fails and passes is repeated with the same key, after Retry-After", async () => {
  const times: number[] = [];
  server.answer = (_request, response, count) => {
    times.push(performance.now());
    if (count === 0) refuse(response, 503, BUSY, { "retry-after": "1" });
    else if (count === 1) response.destroy();
    else sendJson(response, 201, { id: ID });
  };
  const { data, info } = await medconnect.createBooking({ slotId: ID }).withInfo();
  const keys = new Set(server.received.map(({ headers }) => headers["idempotency-key"]));
  expect(data.id).toBe(ID);
  expect([...keys]).toEqual([info.idempotencyKey]);
  expect(times[1]! - times[0]!).toBeGreaterThan(1000);
});

test("retries are bounded", async () => {
  server.answer = (_request, response) => refuse(response, 503, BUSY);
  await expect(medconnect.getMe({}, { maxRetries: 1 })).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(server.received).toHaveLength(2);
});

test("a change without a key is not repeated, for it may have happened", async () => {
  server.answer = (_request, response) => response.destroy();
  await expect(medconnect.updateMe({ user: { locale: "de" } })).rejects.toThrow(ConnectionError);
  expect(server.received).toHaveLength(1);
});

test("any call over a quota is repeated, because it was refused before it began", async () => {
  server.answer = (_request, response, count) =>
    count === 0
      ? refuse(response, 429, { reason: "RATE_LIMITED", code: "RESOURCE_EXHAUSTED" }, { "retry-after": "0" })
      : sendJson(response, 200, { id: ID });
  await medconnect.updateMe({ user: { locale: "de" } });
  expect(server.received).toHaveLength(2);
});

test.each([
  ["a refusal by a rule", 409, { reason: "SLOT_UNAVAILABLE", code: "FAILED_PRECONDITION" }, {}],
  [
    "a quota that is used up for a minute",
    429,
    { reason: "RATE_LIMITED", code: "RESOURCE_EXHAUSTED" },
    { "retry-after": "60" },
  ],
])("%s is not repeated", async (_title, status, problem, headers) => {
  server.answer = (_request, response) => refuse(response, status, problem, headers);
  await expect(medconnect.createBooking({ slotId: ID })).rejects.toMatchObject({ reason: problem.reason });
  expect(server.received).toHaveLength(1);
});

test("an error of OAuth has the reason to which its link leads", async () => {
  server.answer = (_request, response) =>
    sendJson(response, 401, {
      error: "invalid_client",
      error_description: "Unknown.",
      error_uri: `${server.url}/docs/errors#INVALID_CLIENT`,
      requestId: "r2",
    });
  const call = medconnect.call({ route: "POST /v1/auth/token", body: "*", encoding: "form" }, {});
  await expect(call).rejects.toMatchObject({
    status: 401,
    reason: "INVALID_CLIENT",
    detail: "Unknown.",
    requestId: "r2",
  });
});

test("a proxy's error has a status, but no reason", async () => {
  server.answer = (_request, response) => response.writeHead(500).end("<html>");
  await expect(medconnect.getMe()).rejects.toMatchObject({ status: 500, reason: undefined });
});

test("a call without an answer times out, and keeps its key for a repeat", async () => {
  server.answer = () => {};
  const error = await medconnect
    .createBooking({ slotId: ID }, { timeoutMs: 50, maxRetries: 0, idempotencyKey: "k2" })
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ timedOut: true, idempotencyKey: "k2" });
  expect(error.message).toBe(`${server.url}: No answer within 50 ms`);
});

test("an answer that stops halfway times out", async () => {
  server.answer = (_request, response) => response.writeHead(200).write("{");
  await expect(medconnect.getMe({}, { timeoutMs: 50, maxRetries: 0 })).rejects.toMatchObject({
    timedOut: true,
  });
});

test("an unreachable server is a ConnectionError with the cause", async () => {
  const { url, close } = await startApiServer();
  await close();
  const away = new MedConnect({ baseUrl: url, maxRetries: 0 });
  await expect(away.getJwks()).rejects.toThrow(`${url}: connect ECONNREFUSED`);
});

test("an aborted call rejects with the reason of its signal", async () => {
  const cancelled = new AbortController();
  server.answer = () => cancelled.abort(new Error("enough"));
  await expect(medconnect.getMe({}, { signal: cancelled.signal })).rejects.toThrow("enough");
  await expect(medconnect.getMe({}, { signal: cancelled.signal })).rejects.toThrow("enough");
  expect(server.received).toHaveLength(1);
});

test("a call is also aborted while it waits for its next attempt", async () => {
  const cancelled = new AbortController();
  const busy = new MedConnect({
    baseUrl: server.url,
    fetch: async () => Response.json(BUSY, { status: 503, headers: { "retry-after": "25" } }),
  });
  const waits = listening(cancelled.signal);
  const call = busy.getMe({}, { signal: cancelled.signal });
  await Promise.race([waits, call]);
  cancelled.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});

/** Resolves at the first listener of a signal. A call adds one when it begins to wait. */
const listening = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const { addEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      addEventListener.apply(signal, args);
      resolve();
    };
  });

test("a call answered by 202 or 204 has no value", async () => {
  server.answer = ({ call }, response) => sendJson(response, call.endsWith("register") ? 202 : 204, {});
  const registration = { email: "a@b.c", password: "x", fullName: "A", role: "PATIENT" } as const;
  expect(await medconnect.register(registration)).toBeUndefined();
  expect(await medconnect.forgotPassword({ email: "a@b.c" })).toBeUndefined();
});

test("facts about the answer", async () => {
  server.answer = (_request, response) =>
    sendJson(
      response,
      201,
      { id: ID },
      { "x-request-id": "r9", "x-trace-id": "t9", "idempotent-replayed": "true" },
    );
  const { info } = await medconnect.createBooking({ slotId: ID }).withInfo();
  expect(info).toMatchObject({ status: 201, requestId: "r9", traceId: "t9", replayed: true });
});

test("for await reads the items of all pages; await reads the first page", async () => {
  server.answer = ({ call }, response) => {
    const page = Number(new URL(call.slice(4), server.url).searchParams.get("pageToken") ?? 0);
    sendJson(response, 200, { doctors: [{ id: `d${page}` }], nextPageToken: page < 2 ? `${page + 1}` : "" });
  };
  const doctors = await collect(medconnect.searchDoctors({ query: "dana" }));
  expect(doctors.map(({ id }) => id)).toEqual(["d0", "d1", "d2"]);
  expect(server.received.map(({ call }) => call)).toEqual([
    "GET /v1/doctors?query=dana",
    "GET /v1/doctors?query=dana&pageToken=1",
    "GET /v1/doctors?query=dana&pageToken=2",
  ]);
  expect((await medconnect.searchDoctors()).doctors).toEqual([{ id: "d0" }]);
  expect((await medconnect.searchDoctors({ pageToken: "2" })).doctors).toEqual([{ id: "d2" }]);
});

test("an export is read line by line, and goes on with the next file", async () => {
  server.answer = ({ call }, response) => {
    const isFirst = !call.includes("pageToken=2");
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const lines = isFirst
      ? '{"id":"e1"}\n{"id":"é2"}\n{"nextPageToken":"2"}\n'
      : '{"id":"e3"}\n{"nextPageToken":""}';
    // The first part ends within the letter é. Each part is a chunk of its own, also in one packet.
    const bytes = Buffer.from(lines);
    response.write(bytes.subarray(0, 20));
    response.end(bytes.subarray(20));
  };
  const events = await collect(medconnect.exportAuditEvents({ action: "booking.create" }));
  expect(events.map(({ id }) => id)).toEqual(["e1", "é2", "e3"]);
  expect(server.received.map(({ call }) => call)).toEqual([
    "GET /v1/admin/audit-events:export?action=booking.create",
    "GET /v1/admin/audit-events:export?action=booking.create&pageToken=2",
  ]);
});

test.each([
  ["ends without its last line", (end: () => void) => end()],
  ["breaks off", (_end: () => void, cut: () => void) => setImmediate(cut)],
  ["pauses for too long", () => {}],
])("an export that %s fails after the lines that arrived", async (_title, stop) => {
  server.answer = (_request, response) => {
    response.writeHead(200).write('{"id":"e1"}\n');
    stop(
      () => response.end(),
      () => response.destroy(),
    );
  };
  const ids: string[] = [];
  const reading = (async () => {
    for await (const { id } of medconnect.exportAuditEvents({}, { timeoutMs: 200 })) ids.push(id);
  })();
  await expect(reading).rejects.toThrow(ConnectionError);
  expect(ids).toEqual(["e1"]);
});

test("a caller that stops reading an export frees its connection", async () => {
  const closed = Promise.withResolvers<void>();
  server.answer = (_request, response) => {
    response.writeHead(200).write('{"id":"e1"}\n');
    response.once("close", closed.resolve);
  };
  for await (const _event of medconnect.exportAuditEvents()) break;
  await closed.promise;
});

test("a fetch of one's own", async () => {
  const own = new MedConnect({
    baseUrl: "https://api.example.org",
    fetch: async (url) => Response.json({ id: url }),
  });
  expect(await own.getSlot({ slotId: ID })).toEqual({ id: `https://api.example.org/v1/slots/${ID}` });
});

test("baseUrl must be a URL", () => {
  expect(() => new MedConnect({ baseUrl: "localhost" })).toThrow('baseUrl must be a URL, not "localhost".');
});
