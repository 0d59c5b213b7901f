import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { errorOf, type Row, type Trace, waterfallOf } from "@medconnect/dev/traces/waterfall.ts";
import { type Account, signUp } from "../support/accounts.ts";
import { type Answer, Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";

let stack: OwnStack;
let api: Api;
let patient: Account;

beforeAll(async () => {
  stack = await startOwnStack({}, { tracesPort: await freePort() });
  api = new Api(stack.urls.gateway);
  patient = await signUp(api, "PATIENT");
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop(), START_TIMEOUT_MS);

const book = (slotId: string): Promise<Answer> =>
  patient.api.send("POST /v1/bookings", { key: true, body: { slotId, reason: "Secret rash" } });

const pageOf = async (answer: Answer, accept: string): Promise<string> => {
  const url = `${stack.urls.traces}/${answer.headers.get("x-trace-id")}`;
  return await (await fetch(url, { headers: { accept } })).text();
};

/**
 * The trace of an answer, once it is complete: it has this span of a service, and the parent of each span. Each
 * process sends its spans by itself.
 */
async function traceWith(name: string, answer: Answer): Promise<Trace> {
  const read = async (): Promise<Partial<Trace>> => JSON.parse(await pageOf(answer, "application/json"));
  const isComplete = ({ spans = [] }: Partial<Trace>) => {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    return (
      spans.some((span) => span.service !== "gateway" && span.name === name) &&
      spans.every(({ parentId }) => parentId === "" || ids.has(parentId))
    );
  };
  return (await eventually(read, isComplete)) as Trace;
}

/** Each span below its parent, such as `gateway: POST /v1/bookings > gateway: …`. */
function waysOf(rows: readonly Row[]): string[] {
  const path: string[] = [];
  return rows.map(({ span, depth }) => {
    path.splice(depth, Infinity, `${span.service}: ${span.name}`);
    return path.join(" > ");
  });
}

const CREATE_BOOKING = "medconnect.scheduling.v1.BookingService/CreateBooking";
const WAY_TO_SCHEDULING = `gateway: POST /v1/bookings > gateway: ${CREATE_BOOKING} > scheduling: ${CREATE_BOOKING}`;

describe("the trace of a booking", () => {
  test.each([
    ["billing", 1, FEE, "process booking.held"],
    ["clinical", 2, undefined, "process booking.confirmed"],
  ])(
    "goes from the gateway to scheduling, its SQL, and by an event to %s",
    async (service, day, fee, event) => {
      const doctor = await openPractice(api, fee && { fee });
      const answer = await book(await offer(doctor, day * DAY_MS));
      expect(answer.status).toBe(201);
      const trace = await traceWith(event, answer);
      expect(trace).toMatchObject({ name: "POST /v1/bookings", status: "201", isError: false });
      const ways = waysOf(waterfallOf(trace.spans));
      expect(ways).toContain(`${WAY_TO_SCHEDULING} > scheduling: UPDATE ${stack.schemaPrefix}scheduling`);
      expect(ways).toContain(`${WAY_TO_SCHEDULING} > ${service}: ${event}`);
      expect(ways.join()).toContain(`${event} > ${service}: START ${stack.schemaPrefix}${service}`);
      const page = await pageOf(answer, "text/html");
      expect(page).toContain("INSERT INTO bookings");
      expect(page).not.toContain("Secret rash");
      expect(page).not.toContain("<strong>4");
    },
  );
});

test("the trace of a refused booking is red where it was refused", async () => {
  const slotId = await offer(await openPractice(api), 3 * DAY_MS);
  await book(slotId);
  const refused = await book(slotId);
  expect(refused.status).toBe(409);
  const trace = await traceWith(CREATE_BOOKING, refused);
  expect(trace).toMatchObject({ status: "409", isError: true });
  expect(trace.spans.map(errorOf).filter(Boolean).toSorted()).toEqual([
    "409",
    "SLOT_UNAVAILABLE",
    "SLOT_UNAVAILABLE",
  ]);
  expect(await pageOf(refused, "text/html")).toContain("<b>scheduling</b> <strong>SLOT_UNAVAILABLE</strong>");
});

describe("an error leads to its trace", () => {
  const PATH = "/v1/bookings/00000000-0000-7000-8000-000000000000";

  test.each([
    ["a problem", () => patient.api.send(`GET ${PATH}`), "GetBooking"],
    ["an error of OAuth", () => api.send("POST /v1/auth/token", { body: {} }), "POST /v1/auth/token"],
    ["an unknown path", () => api.send("GET /v1/nothing"), "GET"],
  ])("of %s, by traceUrl", async (_title, send, name) => {
    const { body, headers } = await send();
    expect(body.traceUrl).toBe(`${stack.urls.traces}/${headers.get("x-trace-id")}`);
    const read = async () => await (await fetch(String(body.traceUrl))).text();
    expect(await eventually(read, (page) => page.includes(name))).toContain("/traces.css");
  });

  test("of the command line, below the error", async () => {
    const args = ["clients/typescript/src/cli/main.ts", "get-booking", PATH.split("/").at(-1)!];
    const failed = promisify(execFile)(process.execPath, [...args, "--server", stack.urls.gateway]);
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`\\nTrace: ${stack.urls.traces}/[0-9a-f]{32}\\n$`)),
    });
  });
});

test("jobs that find nothing to do make no traces", async () => {
  const list = await (await fetch(stack.urls.traces!)).text();
  expect(list).toContain("POST /v1/bookings");
  expect(list).not.toMatch(/<code>(SELECT|START|UPDATE|DELETE|COMMIT) /);
});

describe("npm run trace", () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["dev/trace.ts", "--data-dir", stack.dataDir, ...args]).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      ({ code, stderr }) => ({ code, text: stderr }),
    );

  test("draws a trace by the first digits of its id, and by the request id of an error", async () => {
    const refused = await patient.api.send("GET /v1/bookings/00000000-0000-7000-8000-000000000000");
    const { id } = await traceWith("medconnect.scheduling.v1.BookingService/GetBooking", refused);
    const drawn = await run(id.slice(0, 8));
    expect(drawn.code).toBe(0);
    const lines = drawn.text.split("\n");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d \w{8} GET \/v1\/bookings\/\{bookingId\} 404 [\d.]+ ms$/);
    expect(lines[1]).toBe(`${stack.urls.traces}/${id}`);
    expect(drawn.text).toMatch(/█·* +[\d.]+ ms {6}scheduling NOT_FOUND BookingService\/GetBooking\n/);
    expect(await run(String(refused.body.requestId))).toEqual(drawn);
  });

  test("lists traces, the newest last", async () => {
    const { text } = await run("--route", "bookings", "--status", "4xx");
    expect(text.trimEnd().split("\n").at(-1)).toMatch(/ GET \/v1\/bookings\/\{bookingId\} 404 /);
    expect(text).toContain(" POST /v1/bookings 409 ");
    expect(text).not.toContain(" 201 ");
    expect(await run("--status", "404", "--route", "nothing")).toEqual({
      code: 0,
      text: "No such trace yet.\n",
    });
  });

  test.each([
    [["00000000"], 1, /^No trace and no request has the id 00000000\. Spans arrive within/],
    [
      ["--status", "40"],
      2,
      /^The status must be such as 409 or 4xx, not "40"\.\nSee npm run trace -- --help\.\n$/,
    ],
    [["a", "b"], 2, /^Name one trace\.\nSee npm run trace -- --help\.\n$/],
    [["--data-dir", "nowhere"], 1, /^No system was started in nowhere\. Start one with npm start/],
  ])("%j is refused", async (args, code, problem) => {
    expect(await run(...args)).toEqual({ code, text: expect.stringMatching(problem) });
  });
});
