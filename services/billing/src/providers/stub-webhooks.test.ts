import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { readStubWebhook, sendStubWebhook } from "./stub-webhooks.ts";

const SECRET = "a secret of the stub's";
const now = new Date("2030-01-01T09:00:00Z");
const event = { id: "evt_1", type: "charge.updated" as const, attemptId: "a1" };

test("billing can read a webhook of the stub", async () => {
  const received = Promise.withResolvers<[body: Buffer, signature: string]>();
  const statuses = [200, 503];
  const server = createServer(async (request, response) => {
    received.resolve([await buffer(request), String(request.headers["stub-signature"])]);
    response.writeHead(statuses.shift() ?? 500).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/webhooks/payments/stub`;
  try {
    await sendStubWebhook(url, SECRET, event, now);
    const [body, signature] = await received.promise;
    expect(readStubWebhook(SECRET, body, signature, now)).toEqual({
      id: "evt_1",
      subject: { kind: "charge", charge: { attemptId: "a1", reference: null } },
    });
    await expect(sendStubWebhook(url, SECRET, event, now)).rejects.toThrow("503");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("without a secret, no signature is valid", () => {
  expect(() => readStubWebhook(undefined, Buffer.from("{}"), `t=1,v1=${"0".repeat(64)}`, now)).toThrow(
    expect.objectContaining({ reason: "INVALID_SIGNATURE" }),
  );
});
