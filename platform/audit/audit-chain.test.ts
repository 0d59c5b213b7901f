import { expect, test } from "@jest/globals";
import { AuditChain, type EventRow, GENESIS } from "./audit-chain.ts";

const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;
const event: EventRow = {
  id: "0190a0a0-0000-7000-8000-000000000001",
  action: "booking.create",
  actor_id: "u1",
  subject_ids: ["u1", "u2"],
  resource: "bookings/1",
  outcome: "SUCCESS",
  request_id: "",
  trace_id: "0af7651916cd43dd8448eb211c80319c",
  occur_time: new Date("2030-01-01T09:00:00.123Z"),
  grant_id: null,
};
const chain = new AuditChain("billing", [key]);
const [seal] = chain.extend(GENESIS, [event]);
const isIntact = (changed: object, by = chain) => by.isIntact(seal!, GENESIS, { ...event, ...changed });

test("a seal has its known value, because stored seals must stay valid", () => {
  expect({ ...seal, hmac: seal!.hmac.toString("hex") }).toEqual({
    seq: 1,
    eventId: event.id,
    keyId: "b98cbe48",
    hmac: "c337fb6ba471bac67b60db128a45bcabfb203fdc06494812c7cee0b7369747fb",
  });
});

test.each(Object.keys(event))("an event whose %s was changed does not fit its seal", (column) => {
  expect(isIntact({})).toBe(true);
  expect(isIntact({ [column]: "x" })).toBe(false);
});

test("an event whose text moved from one column to another does not fit its seal", () => {
  expect(isIntact({ action: "booking.createu", actor_id: "1" })).toBe(false);
  expect(isIntact({ grant_id: "" })).toBe(false);
});

test("neither the order of the columns nor a later, empty one changes a seal", () => {
  const turned = Object.fromEntries(Object.entries(event).reverse()) as EventRow;
  expect(chain.isIntact(seal!, GENESIS, turned)).toBe(true);
  expect(isIntact({ added_later: null })).toBe(true);
  expect(isIntact({ added_later: "x" })).toBe(false);
});

test("a seal is valid at its own position of its own service's chain only", () => {
  expect(isIntact({}, new AuditChain("auth", [key]))).toBe(false);
  expect(chain.isIntact(seal!, { seq: 1, hmac: GENESIS.hmac }, event)).toBe(false);
  expect(chain.isIntact(seal!, { seq: 0, hmac: Buffer.alloc(32, 1) }, event)).toBe(false);
});

test("the first key makes new seals, and a check accepts all keys", () => {
  const rotated = new AuditChain("billing", [other, key]);
  expect(isIntact({}, rotated)).toBe(true);
  expect(rotated.extend(GENESIS, [event])[0]!.keyId).not.toBe(seal!.keyId);
  const forgetful = new AuditChain("billing", [other]);
  expect(forgetful.knowsKey(seal!.keyId)).toBe(false);
  expect(isIntact({}, forgetful)).toBe(false);
});
