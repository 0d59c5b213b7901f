import { beforeAll, expect, test } from "@jest/globals";
import type { Account } from "../support/accounts.ts";
import { type Answer, Api, type Json, refusal } from "../support/api.ts";
import { verifyLicense } from "../support/licensing.ts";
import { DAY_MS, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const api = new Api(sharedStack().urls.gateway);
let doctor: Account;

beforeAll(async () => {
  doctor = await openPractice(api);
});

const profile = () => `/v1/doctors/${doctor.id}`;
const read = (headers: Record<string, string> = {}) => doctor.api.send(`GET ${profile()}`, { headers });
const etagOf = ({ headers }: Answer) => headers.get("etag")!;
const versionOf = (answer: Answer) => /^"(\w+)\./.exec(etagOf(answer))![1];
const changeBio = (bio: string, etag: string) =>
  doctor.api.send(`PATCH ${profile()}`, { body: { bio }, headers: { "if-match": etag } });

test("a client with the current etag gets 304 until the resource changes", async () => {
  const first = await read();
  const unchanged = await read({ "if-none-match": etagOf(first) });
  expect([unchanged.status, unchanged.text, etagOf(unchanged)]).toEqual([304, "", etagOf(first)]);
  // The new slot changes the profile's next available time. This time is not stored in the profile, so the
  // version stays the same.
  await offer(doctor, 2 * DAY_MS);
  const after = await read({ "if-none-match": etagOf(first) });
  expect([after.status, versionOf(after)]).toEqual([200, versionOf(first)]);
  expect(after.body.nextAvailableTime).toBeDefined();
  expect(etagOf(after)).not.toBe(etagOf(first));
  expect((await changeBio("Read before the offer.", etagOf(first))).status).toBe(200);
});

test("a new verified name changes the etag, and a change under the old etag is refused", async () => {
  const before = await read();
  await doctor.client.updateMe({ user: { fullName: "Renamed Doctor" } });
  const [{ id }] = before.body.licenses as [Json];
  await verifyLicense(api.url, String(id), "Renamed Doctor");
  const after = await read({ "if-none-match": etagOf(before) });
  expect(after.body.displayName).toBe("Renamed Doctor");
  expect(versionOf(after)).not.toBe(versionOf(before));
  const refused = await changeBio("Meant for the old name.", etagOf(before));
  expect(refusal(refused)).toEqual({ status: 412, reason: "ETAG_MISMATCH" });
  const changed = await changeBio("Meant for the new name.", etagOf(after));
  expect(changed.status).toBe(200);
  expect(changed.body.etag).toBe(etagOf(changed).slice(1, -1));
  expect(etagOf(await read())).toBe(etagOf(changed));
});
