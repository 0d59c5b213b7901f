// Puts ids of existing resources and times in the future into the examples, so that each works as it stands.

/** Idempotency-Key of the examples. Each test request has a new one in its place (`withNewKey`). */
const EXAMPLE_KEY = crypto.randomUUID();

/** The document, with an Idempotency-Key in the examples of all operations that take one. */
export function withExampleKey(document) {
  for (const parameter of Object.values(document.components.parameters))
    if (parameter.name === "Idempotency-Key") parameter.example = EXAMPLE_KEY;
  return document;
}

/** A request as Scalar sends it, with an Idempotency-Key of its own. A key that the reader chose stays. */
export function withNewKey(request) {
  if (request.headers.get("idempotency-key") !== EXAMPLE_KEY) return request;
  const headers = new Headers(request.headers);
  headers.set("idempotency-key", crypto.randomUUID());
  return new Request(request, { headers });
}

/** Ids in an answer, in JSON: its own, and those of the resources that it refers to. */
export const idsIn = (answer) => [...answer.matchAll(/"(?:id|\w+Id)":"([^"]+)"/g)].map(([, id]) => id);

/**
 * The document, with ids of resources that the signed-in user can read, and times to come, in its examples.
 *
 * @param recentIds ids that the examples prefer, the most wanted first
 */
export async function withExistingIds(document, token, recentIds = []) {
  const ids = await existingIds(document, token, recentIds);
  const withId = (name, value) => {
    if (typeof value === "string") return ids[name] ?? value;
    if (name === "requestBody") return withTimesToCome(value);
    return value?.in && ids[value.name] ? { ...value, example: ids[value.name] } : value;
  };
  return JSON.parse(JSON.stringify(document, withId));
}

const DAY_MS = 24 * 60 * 60 * 1000;
const SLOT_MS = 30 * 60 * 1000;
/** Days from now in which the times of examples lie. */
const FIRST_DAY = 7;
const DAYS = 60;
const MONDAY = 1;
const TIME = /^\d{4}-\d\d-\d\dT/;

/**
 * A request body with its times moved to a random half hour of the next weeks. Examples of two operations, or of
 * two readers, then rarely overlap. None is on a Monday, on which the example of a schedule has its hours.
 */
function withTimesToCome(body) {
  const first = JSON.stringify(body).match(/"(\d{4}-\d\d-\d\dT[^"]*)"/)?.[1];
  if (first === undefined) return body;
  const random = Math.floor((Date.now() + (FIRST_DAY + Math.random() * DAYS) * DAY_MS) / SLOT_MS) * SLOT_MS;
  const halfHour = new Date(random).getUTCDay() === MONDAY ? random + DAY_MS : random;
  const shiftMs = halfHour - Date.parse(first);
  return JSON.parse(JSON.stringify(body), (_, value) =>
    TIME.test(value) ? new Date(Date.parse(value) + shiftMs).toISOString() : value,
  );
}

/**
 * Ids of the resources in the lists that the user may read, such as `bookingId`, and of those that they refer to,
 * such as `patientId`. A list below another resource is read once the id of that is known.
 */
async function existingIds({ paths }, token, recentIds) {
  const { role, sub } = claimsOf(token);
  const own = {};
  const referred = {};
  let lists = Object.entries(paths)
    .filter(([, { get }]) => get?.["x-item-id"] && mayRead(get, role))
    .map(([path, { get }]) => ({ path, idName: get["x-item-id"] }));
  for (;;) {
    const ids = { ...referred, ...own };
    const filled = lists.map((list) => ({
      ...list,
      url: list.path.replace(/\{(\w+)\}/g, (all, name) => ids[name] ?? all),
    }));
    const ready = filled.filter(({ url }) => !url.includes("{"));
    if (ready.length === 0) return ids;
    lists = filled.filter(({ url }) => url.includes("{"));
    const others = await Promise.all(ready.map(({ url }) => othersIn(url, token, sub)));
    for (const [i, { idName }] of ready.entries()) {
      const { id, ...fields } = chosen(others[i], recentIds, role) ?? {};
      if (id) own[idName] ??= id;
      for (const [name, value] of Object.entries(fields)) if (/\wId$/.test(name)) referred[name] ??= value;
    }
  }
}

/** Claims of an access token (RFC 9068), which is not verified here. */
const claimsOf = (token) => JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));

/** Admins read clinical lists of one patient only, after a break-glass grant. */
const mayRead = ({ "x-roles": roles, responses }, role) =>
  (roles?.includes(role) ?? true) &&
  !(role === "ADMIN" && responses[403]?.$ref?.endsWith("/BreakGlassRequired"));

/** The items of a list, without the reader's own account. */
async function othersIn(path, token, sub) {
  const url = new URL(`${path}?pageSize=100`, location.origin);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) return [];
  const items = Object.values(await answer.json()).find(Array.isArray) ?? [];
  return items.filter(({ id }) => id !== sub);
}

/**
 * The item for the examples: an open one, such as a slot, if there is one; among these, a recent one. Patients get
 * another slot than before, because a slot that they have released cannot be booked again soon.
 */
function chosen(items, recentIds, role) {
  const open = items.filter(({ status }) => status === "OPEN");
  if (open.length > 0 && role === "PATIENT") return open.find(({ id }) => !recentIds.includes(id)) ?? open[0];
  const candidates = open.length > 0 ? open : items;
  const recent = recentIds.find((recentId) => candidates.some(({ id }) => id === recentId));
  return candidates.find(({ id }) => id === recent) ?? candidates[0];
}
