// Puts ids of existing resources into the examples, so that each example works as it stands.

/** Idempotency-Key of the examples. Each test request has a new one in its place (`withNewKey`). */
const EXAMPLE_KEY = crypto.randomUUID();

/** A request as Scalar sends it, with an Idempotency-Key of its own. A key that the reader chose stays. */
export function withNewKey(request) {
  if (request.headers.get("idempotency-key") !== EXAMPLE_KEY) return request;
  const headers = new Headers(request.headers);
  headers.set("idempotency-key", crypto.randomUUID());
  return new Request(request, { headers });
}

/** The document, with ids of resources that the signed-in user can read in its examples. */
export async function withExistingIds(document, token) {
  const ids = await existingIds(document, token);
  ids["Idempotency-Key"] = EXAMPLE_KEY;
  const withId = (name, value) => {
    if (typeof value === "string") return ids[name] ?? value;
    return value?.in && ids[value.name] ? { ...value, example: ids[value.name] } : value;
  };
  return JSON.parse(JSON.stringify(document, withId));
}

/** An id for each kind of resource that has a list, such as `bookingId`. Parents come before their children. */
async function existingIds({ paths }, token) {
  const { role } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  const isList = ({ get }) => get?.operationId.startsWith("list") || get?.operationId.startsWith("search");
  const mayRead = ({ get }) => get["x-roles"]?.includes(role) ?? true;
  const lists = Object.keys(paths).filter((path) => isList(paths[path]) && mayRead(paths[path]));
  const ids = {};
  for (const list of lists.sort((a, b) => a.length - b.length)) {
    const path = list.replace(/\{(\w+)\}/g, (variable, name) => ids[name] ?? variable);
    const name = idOf(list);
    if (ids[name] || path.includes("{")) continue;
    const id = await firstIdIn(path, token);
    if (id) ids[name] = id;
  }
  return ids;
}

/** "/v1/admin/service-accounts" lists resources with a `serviceAccountId`. */
function idOf(list) {
  const name = list.slice(list.lastIndexOf("/") + 1, -1);
  return `${name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())}Id`;
}

async function firstIdIn(path, token) {
  const answer = await fetch(`${path}?pageSize=1`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) return undefined;
  const items = Object.values(await answer.json()).find(Array.isArray);
  return items?.[0]?.id;
}
