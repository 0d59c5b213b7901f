import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { beforeAll, expect, test } from "@jest/globals";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { in_lists } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { createConnection } from "mysql2/promise";
import { toHttp } from "../security/calls.ts";
import { makeWorld, type World } from "../security/world.ts";
import { Api, type Json } from "../support/api.ts";
import { begin, book, MINUTE_MS, offer } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";
import { validRequest } from "./valid-requests.ts";

/** Maximum number of pages that are read to find the test's own items. Other tests fill the same lists. */
const PAGES = 50;
const OVERDUE_HOURS = 25;

interface List {
  method: Method;
  items: DescField;
  resource: DescMessage;
  /** Methods that return a single resource of the same type as the list's items. */
  gets: Method[];
}

const routed = [...methods.values()].filter(
  ({ desc }) => hasOption(desc, http) && getOption(desc, http).pattern.case === "get",
);
const allLists: List[] = routed.flatMap((method) => {
  const items = method.output.fields.find(({ fieldKind }) => fieldKind === "list");
  const resource = items?.message;
  const gets = routed.filter((get) => get.output === resource && admitsOneOf(get, method));
  return items && resource && method.output.field.nextPageToken ? [{ method, items, resource, gets }] : [];
});
const lists = allLists.filter(({ gets }) => gets.length > 0);

/** Lists without a method that reads a single item for the same callers. */
const WITHOUT_GET = [
  "ListAccessLog",
  "ListAuditEvents",
  "ListDeadEvents",
  "ListDeadMails",
  "ListLicenses",
  "ListSessions",
];

/** True if at least one role may call both methods. */
function admitsOneOf({ rules: { roles } }: Method, other: Method): boolean {
  const others = other.rules.roles;
  return roles.length === 0 || others.length === 0 || roles.some((role) => others.includes(role));
}

/** Fields that are empty in a list, because callers of the list may not read the whole resource. */
const EMPTY: Readonly<Record<string, string[]>> = {
  ListDoctorPrescriptions: ["consultationId", "doctorName", "patientName"],
};

/** Lists that show the owner only the public fields. The single resource shows the owner more. */
const AS_TO_OTHERS: readonly string[] = ["SearchDoctors"];

const gateway = new Api(sharedStack().urls.gateway);
let world: World;
let callers: Record<string, { by: Api; id?: string }>;
let ownIds: Set<unknown>;

beforeAll(async () => {
  world = await makeWorld();
  const overdue = await makeOverdue(world);
  const { mine, admin, grantedAdmin } = world;
  callers = {
    anonymous: { by: gateway },
    patient: { by: mine.patient.api, id: mine.patient.id },
    doctor: { by: mine.doctor.api, id: mine.doctor.id },
    admin: { by: admin.api, id: admin.id },
    "granted admin": { by: grantedAdmin.api, id: grantedAdmin.id },
  };
  ownIds = new Set([overdue, admin.id, grantedAdmin.id, ...Object.values(mine.ids)]);
}, 120_000);

/** Creates a consultation that is in progress, and whose appointment ended long ago. @returns its id */
async function makeOverdue({ mine: { patient }, spare: { doctor } }: World): Promise<string> {
  const { consultationId } = await book(patient, await offer(doctor, 2 * MINUTE_MS, 5 * MINUTE_MS));
  await begin(patient, doctor, consultationId);
  const database = await createConnection({ uri: sharedStack().urls.mysql });
  await database.query(
    `UPDATE medconnect_clinical.consultations SET start_time = start_time - INTERVAL ? HOUR,
     end_time = end_time - INTERVAL ? HOUR WHERE id = ?`,
    [OVERDUE_HOURS, OVERDUE_HOURS, binaryId(consultationId)],
  );
  await database.end();
  return consultationId;
}

/** Returns the items of a list that belong to this test. Empty if the caller is refused. */
async function ownItems({ method, items }: List, by: Api): Promise<Json[]> {
  const own: Json[] = [];
  let pageToken = "";
  for (let page = 0; page < PAGES; page++) {
    const request = { ...validRequest(method, world), pageSize: 100, pageToken };
    const { path, query } = toHttp(method, request);
    const { status, body } = await by.send(`GET ${path}${query}`);
    expect([200, 401, 403, 404]).toContain(status);
    const found = (body[items.jsonName] ?? []) as Json[];
    own.push(...found.filter(({ id }) => ownIds.has(id)));
    pageToken = String(body.nextPageToken ?? "");
    if (pageToken === "") break;
  }
  return own;
}

/**
 * Reads an item of a list again, by the method that returns a single resource. Undefined if the caller is
 * refused, or if the response is another resource.
 */
async function shownBy(get: Method, item: Json, by: Api): Promise<Json | undefined> {
  const { pattern } = getOption(get.desc, http);
  const names = [...String(pattern.value).matchAll(/\{(\w+)\}/g)].map(
    ([, name]) => get.input.fields.find((field) => field.name === name)!.jsonName,
  );
  const own = names.at(-1);
  const request = Object.fromEntries(names.map((name) => [name, name === own ? item.id : item[name]]));
  const { status, body } = await by.send(`GET ${toHttp(get, request).path}`);
  expect([200, 401, 403, 404]).toContain(status);
  return status === 200 && body.id === item.id ? body : undefined;
}

/**
 * Converts a single resource into the form that a list shows. Removes the fields that the API omits from
 * lists. Reduces the etag to the version (docs/decisions/0019-etags.md).
 */
function inList(shown: Json, { method, resource: { fields } }: List): Json {
  const item = { ...shown };
  for (const field of fields) {
    const { jsonName } = field;
    if (EMPTY[method.name]?.includes(jsonName)) item[jsonName] = "";
    if (getOption(field, in_lists).omitted) delete item[jsonName];
  }
  if (item.etag !== undefined) item.etag = String(item.etag).split(".")[0];
  return item;
}

test("all lists but the named ones have a get", () => {
  const withoutGet = allLists.filter((list) => !lists.includes(list)).map(({ method }) => method.name);
  expect(withoutGet.toSorted()).toEqual(WITHOUT_GET);
  expect(new Set(lists.map(({ resource }) => resource.name)).size).toBeGreaterThan(9);
});

test.each(lists.map((list) => [list.method.path, list] as const))(
  "%s shows each item like its get, except for fields that the contract omits from lists",
  async (_name, list) => {
    let compared = 0;
    for (const [caller, { by, id }] of Object.entries(callers)) {
      for (const item of await ownItems(list, by)) {
        if (item.id === id && AS_TO_OTHERS.includes(list.method.name)) continue;
        for (const get of list.gets) {
          const shown = await shownBy(get, item, by);
          if (!shown) continue;
          compared++;
          const seen = { caller, get: get.name };
          expect({ ...seen, item }).toEqual({ ...seen, item: inList(shown, list) });
        }
      }
    }
    expect(compared).toBeGreaterThan(0);
  },
);
