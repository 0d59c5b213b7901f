import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Role as RoleNumber,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Route } from "../rpc/routes.ts";
import { contractRoutes } from "../testing/routes.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

const withEtag = contractRoutes.filter(({ method }) => method.output.field.etag !== undefined);
const reads = withEtag.filter(({ httpMethod }) => httpMethod === "GET");
const updates = contractRoutes.filter(({ httpMethod, binding }) => httpMethod === "PATCH" && binding.etag);
const named = (routes: Route[]) =>
  routes.map((route) => [`${route.httpMethod} ${route.path}`, route] as const);

async function send(
  { method, httpMethod, path }: Route,
  headers: Record<string, string> = {},
  as = httpMethod,
) {
  const { access, roles } = method.rules;
  const role = access === Access.ROLES ? (RoleNumber[roles[0]!] as Role) : "PATIENT";
  const body = httpMethod === "GET" ? undefined : {};
  const target = path.replaceAll(/\{\w+\}/g, ID);
  return await gateway.send(as, target, { headers: { ...(await gateway.signedIn(role)), ...headers }, body });
}

test("the contract has conditional reads and updates", () => {
  expect(reads.length).toBeGreaterThanOrEqual(3);
  expect(updates.length).toBeGreaterThanOrEqual(2);
});

describe.each(named(reads))("%s", (_title, route) => {
  const answers = (answer: Record<string, string>) =>
    gateway.stubs.stubs.set(route.method.name, () => answer);

  test("has an etag of version and hash, both in the header and in the body", async () => {
    answers({ etag: "0007" });
    const { headers, json } = await send(route);
    expect(json.etag).toMatch(/^0007\.[\w-]{16}$/);
    expect(headers.etag).toBe(`"${json.etag}"`);
    expect((await send(route)).json.etag).toBe(json.etag);
  });

  test("has another etag if the content differs in the same version", async () => {
    const [shown] = route.method.output.fields.filter(
      (field) => field.jsonName.endsWith("Time") && !field.oneof,
    );
    answers({ etag: "0007" });
    const before = await send(route);
    answers({ etag: "0007", [shown!.jsonName]: "2027-01-01T00:00:00Z" });
    const after = await send(route, { "if-none-match": before.headers.etag! });
    expect(after.status).toBe(200);
    expect(after.headers.etag).not.toBe(before.headers.etag);
  });

  test("answers 304 if the client has the current answer, for GET and HEAD", async () => {
    answers({ etag: "0007" });
    const { etag } = (await send(route)).headers;
    for (const list of [etag!, `W/${etag}`, `"other", ${etag}`, ` "a,b" , W/${etag}`, "*"]) {
      for (const as of ["GET", "HEAD"]) {
        const { status, headers, text } = await send(route, { "if-none-match": list }, as);
        expect({ list, status, text }).toEqual({ list, status: 304, text: "" });
        expect(headers).toMatchObject({ etag, "cache-control": "no-store" });
        expect(headers).not.toHaveProperty("content-type");
      }
    }
    for (const list of ['"0007"', '"other"', etag!.slice(1, -1), "", `W/"0007"`]) {
      expect([list, (await send(route, { "if-none-match": list })).status]).toEqual([list, 200]);
    }
  });

  test("answers 412 if If-Match names other versions", async () => {
    answers({ etag: "0007" });
    const { etag } = (await send(route)).headers;
    for (const list of [etag!, '"0007"', '"0007.another-hash"', '"0006", "0007"', 'W/"0006", "0007"', "*"]) {
      expect([list, (await send(route, { "if-match": list })).status]).toEqual([list, 200]);
    }
    for (const list of ['"0006.another-hash"', '"0006", "0008"', '"0006", W/"0007"']) {
      const { json } = await send(route, { "if-match": list });
      expect({ list, json }).toMatchObject({ list, json: { status: 412, reason: "ETAG_MISMATCH" } });
    }
  });
});

describe.each(named([...reads, ...updates]))("%s", (_title, route) => {
  test.each(['W/"0007"', 'W/"0007.hash", W/"0008"', '""', '"not-ours!"'])(
    "answers 412 to If-Match %s, which names no version",
    async (list) => {
      const { json } = await send(route, { "if-match": list });
      expect(json).toMatchObject({ status: 412, reason: "ETAG_MISMATCH" });
      expect(json.detail).toMatch(/weak tag/);
      expect(gateway.stubs.calls).toEqual([]);
    },
  );

  test("answers 400 if If-Match is no list of entity tags", async () => {
    const { status, json } = await send(route, { "if-match": '"0007' });
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ field: "If-Match", description: expect.stringMatching(/entity tags/) }]);
  });
});

test.each([
  ["GetDoctor", "If-None-Match"],
  ["GetDoctor", "If-Match"],
  ["UpdateDoctor", "If-Match"],
])("%s takes at most 512 characters of %s", async (name, header) => {
  const route = [...reads, ...updates].find(({ method }) => method.name === name)!;
  const listOf = (length: number) => `"0007", "${"x".repeat(length - 10)}"`;
  const sendList = (length: number) => send(route, { [header.toLowerCase()]: listOf(length) });
  expect((await sendList(512)).status).not.toBe(400);
  const { status, json } = await sendList(513);
  expect([status, json.errors]).toEqual([
    400,
    [{ field: header, description: "must have at most 512 characters; got 513" }],
  ]);
});

describe.each(named(updates))("%s", (_title, route) => {
  test("forwards the versions, because the service compares them", async () => {
    await send(route, { "if-match": '"0007.hash-of_it"' });
    expect(JSON.stringify(gateway.stubs.calls.at(-1)?.request)).toContain('"etag":"0007"');
    await send(route, { "if-match": '"0006", "0007.hash-of_it", W/"0008"' });
    expect(JSON.stringify(gateway.stubs.calls.at(-1)?.request)).toContain('"etag":"0006,0007"');
  });

  test("refuses If-None-Match instead of ignoring it", async () => {
    const { status, json } = await send(route, { "if-none-match": "*" });
    expect(status).toBe(400);
    expect(json.errors).toEqual([
      { field: "If-None-Match", description: "is for GET and HEAD only; use If-Match for changes" },
    ]);
    expect(gateway.stubs.calls).toEqual([]);
  });
});

const withoutTag = contractRoutes.filter(
  ({ httpMethod, method, binding }) =>
    !(httpMethod === "GET" ? method.output.field.etag : httpMethod !== "POST" && binding.etag),
);

test.each(named(withoutTag))(
  "%s, which has no etag, answers 412 to a tag in If-Match",
  async (_title, route) => {
    const refused = await send(route, { "if-match": '"0007"' });
    expect(refused.status).toBe(412);
    expect(refused.text).toMatch(/ETAG_MISMATCH.*no ETag|no ETag.*ETAG_MISMATCH/);
    expect(gateway.stubs.calls).toEqual([]);
    expect((await send(route, { "if-match": "*" })).status).not.toBe(412);
  },
);
