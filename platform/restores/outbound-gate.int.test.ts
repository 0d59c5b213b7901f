import { afterEach, expect, test } from "@jest/globals";
import { closedGate, confirmRestoreOf } from "../testing/closed-gate.ts";
import { eventually, OutboxTest } from "../testing/outbox-test.ts";
import { OutboundGate } from "./outbound-gate.ts";

const MINUTE_MS = 60_000;

const outbox = new OutboxTest();
afterEach(() => confirmRestoreOf(outbox.service));

const { signal } = new AbortController();

test("a gate is open without a restore", async () => {
  const gate = await OutboundGate.of(outbox.service);
  expect(gate.isOpen).toBe(true);
  expect(() => gate.assertOpen()).not.toThrow();
  expect(await gate.guard(async () => "done")(signal)).toBe("done");
});

test("a restore closes the gate until it is confirmed", async () => {
  const gate = await closedGate(outbox.service);
  await gate.check();
  expect(gate.isOpen).toBe(false);
  expect(() => gate.assertOpen()).toThrow(expect.objectContaining({ reason: "UNAVAILABLE" }));
  expect(await gate.guard(async () => "done")(signal)).toBeUndefined();
  await confirmRestoreOf(outbox.service);
  await gate.check();
  expect(gate.isOpen).toBe(true);
});

test("a restore awaits readiness until it is marked, also after another start", async () => {
  const gate = await closedGate(outbox.service);
  expect(gate.awaitsReadiness).toBe(true);
  await gate.markReady();
  for (const each of [gate, await OutboundGate.of(outbox.service)]) {
    expect(each.awaitsReadiness).toBe(false);
    expect(each.isOpen).toBe(false);
  }
});

test("a relay sends nothing while the gate is closed, and everything afterwards", async () => {
  const outbound = await closedGate(outbox.service);
  const { relays, close } = outbox.startRelays(1, undefined, outbound);
  const deliveries = await outbox.commit(3);
  outbox.service.clock.advance(MINUTE_MS);
  for (const relay of relays) relay.start();
  await relays[0]!.send(deliveries);
  expect(outbox.consumer.received).toEqual([]);
  await confirmRestoreOf(outbox.service);
  await outbound.check();
  await eventually(async () => (await outbox.undelivered()).length === 0);
  expect(outbox.consumer.received).toHaveLength(3);
  await close();
});
