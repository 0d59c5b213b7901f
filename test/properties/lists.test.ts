import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "@jest/globals";
import { signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { publish } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";
import { type Cast, makeCast, ROLES, tokenOf } from "./cast.ts";
import { ApiDescription, type Operation } from "./openapi.ts";

const MAX_TOKEN_LENGTH = 512;
const PAGES = 4;
/** The longest valid name in bytes: 200 characters of four bytes each. */
const LONG_NAME = "𠀀".repeat(200);

const api = new Api(sharedStack().urls.gateway);
let cast: Cast;
/** Operations of the API that return pages. */
let lists: Operation[];

beforeAll(async () => {
  const [made, { operations }] = await Promise.all([
    makeCast(),
    ApiDescription.fetch(api),
    longNamedDoctors(),
  ]);
  cast = made;
  lists = operations.filter(({ method, query }) => method === "GET" && "pageToken" in query);
});

async function longNamedDoctors(): Promise<void> {
  for (let i = 0; i < PAGES; i++) {
    const doctor = await signUp(api, "DOCTOR");
    await doctor.api.ok("PATCH /v1/users/me", { body: { fullName: LONG_NAME } });
    await publish(doctor, { specialty: "𠀀".repeat(80) });
  }
}

/** Yields each list with each role. `idOf` returns the id for a path parameter. */
function* calls(idOf: (name: string) => string) {
  for (const { path, query } of lists) {
    const target = path.replace(/\{(\w+)\}/g, (_, name: string) => idOf(name));
    for (const role of ROLES) {
      const token = tokenOf(cast, role);
      yield { path, query, target, role, as: token === undefined ? api : api.as(token) };
    }
  }
}

test("every page token of a list is short, and accepted by that list", async () => {
  const paged = new Set<string>();
  const idOf = (name: string) => cast.ids[name]?.[0] ?? randomUUID();
  for (const { path, query, target, as } of calls(idOf)) {
    for (const [filter, orderBy] of filtersOf(path, query)) {
      let pageToken = "";
      for (let page = 0; page < PAGES; page++) {
        const asked = new URLSearchParams({ ...filter, ...orderBy, pageSize: "1", pageToken });
        const { status, body } = await as.send(`GET ${target}?${asked}`);
        // The first page may be refused, because not every role may read every list, or read it without a
        // filter.
        const isRefused = page === 0 && status >= 400 && status < 500;
        expect({ path, status, isRefused }).toEqual({ path, status: isRefused ? status : 200, isRefused });
        pageToken = String(body.nextPageToken ?? "");
        expect(pageToken.length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH);
        expect(Buffer.from(pageToken, "base64url").toString()).not.toContain("𠀀");
        if (pageToken === "") break;
        paged.add(path);
      }
    }
  }
  expect([...paged]).toEqual(
    expect.arrayContaining([
      "/v1/doctors",
      "/v1/doctors/{doctorId}/slots",
      "/v1/bookings",
      "/v1/admin/users",
    ]),
  );
});

/**
 * Returns pairs for a list, one for each value of `orderBy`: a filter that finds the rows with the longest
 * names, and the order.
 */
function filtersOf(path: string, query: Operation["query"]): [Json, Json][] {
  const orders = query.orderBy?.enum ?? [""];
  const filter = path === "/v1/doctors" ? { query: "𠀀" } : {};
  return orders.map((orderBy) => [filter, orderBy === "" ? {} : { orderBy }]) as [Json, Json][];
}

test("a list below a missing parent is 404 for every permitted caller", async () => {
  const answers = new Map<string, Set<number>>();
  const missing = randomUUID();
  for (const { path, target, as } of calls(() => missing)) {
    // Other parents than ids, such as a service, have a fixed set of names: another name is 400.
    if (!path.includes("Id}")) continue;
    const { status } = await as.send(`GET ${target}`);
    answers.set(path, (answers.get(path) ?? new Set()).add(status));
  }
  expect(answers.size).toBeGreaterThan(0);
  for (const [path, statuses] of answers) {
    const others = [...statuses].filter((status) => ![401, 403, 404].includes(status));
    expect({ path, others, found: statuses.has(404) }).toEqual({ path, others: [], found: true });
  }
});
