import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startTestService } from "@medconnect/platform/testing/test-service.ts";
import { systemBusinessClock, systemClock } from "@medconnect/platform/time/clock.ts";
import { StubProvider } from "./stub-provider.ts";

test("the stub sends a signed webhook with the outcome of a delayed charge", async () => {
  const { db, log, close } = await startTestService("billing");
  const received = Promise.withResolvers<[body: Buffer, signature: string]>();
  const server = createServer(async (request, response) => {
    received.resolve([await buffer(request), String(request.headers["stub-signature"])]);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stub = new StubProvider({
    db,
    log,
    clock: systemClock,
    businessClock: systemBusinessClock,
    pendingDelayMs: 20,
    authorizationMs: 60_000,
    actionUrl: "https://stub.test/confirm",
    webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webhookSecret: "the stub's webhook secret",
  });
  try {
    const attemptId = newId();
    const amount = { currencyCode: "USD", amountMinor: 5000 };
    const charge = { attemptId, reference: null };
    await stub.authorize({ attemptId, amount, paymentMethod: "pm_requires_action" });
    const [body, signature] = await received.promise;
    expect(stub.readWebhook(body, signature).subject).toEqual({ kind: "charge", charge });
    expect((await stub.find(charge))?.status).toBe("AUTHORIZED");
  } finally {
    server.closeAllConnections();
    server.close();
    await close();
  }
});
