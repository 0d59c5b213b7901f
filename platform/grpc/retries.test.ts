import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { ApiError } from "../errors/api-error.ts";
import { GrpcClient, within } from "./client.ts";
import { toGrpcStatus } from "./status.ts";

const { getBooking, cancelBooking } = BookingServiceService;
const READ = getBooking.requestDeserialize(Buffer.of());
const CHANGE = cancelBooking.requestDeserialize(Buffer.of());
const EMPTY_MESSAGE = Buffer.alloc(5);
const GRPC = { ":status": 200, "content-type": "application/grpc" };

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/**
 * Starts a service. The first of `answers` handles the first call, and so on. The last one handles all
 * further calls.
 */
async function startService(...answers: ((stream: ServerHttp2Stream) => void)[]) {
  let calls = 0;
  const server = createServer().on("stream", (stream) => {
    stream.on("error", () => {});
    answers[Math.min(calls++, answers.length - 1)]!(stream);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = new GrpcClient(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  stops.push(
    () => client.close(),
    () => server.close(),
  );
  return { client, calls: () => calls };
}

const hangUp = (stream: ServerHttp2Stream) => stream.session?.destroy();

const answer = (stream: ServerHttp2Stream) => {
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(GRPC, { waitForTrailers: true });
  stream.end(EMPTY_MESSAGE);
};

const refuse = (stream: ServerHttp2Stream) => {
  const { code, metadata } = toGrpcStatus(new ApiError("UNAVAILABLE"));
  stream.respond({ ...GRPC, ...metadata!.toHttp2Headers(), "grpc-status": `${code}` }, { endStream: true });
};

test("a read whose connection broke is retried once", async () => {
  const broken = await startService(hangUp, answer);
  await broken.client.call(getBooking, READ, { deadline: within(5000) });
  expect(broken.calls()).toBe(2);
  const gone = await startService(hangUp);
  const call = gone.client.call(getBooking, READ, { deadline: within(5000) });
  await expect(call).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(gone.calls()).toBe(2);
});

test("a change is never retried, because it may have been made", async () => {
  const { client, calls } = await startService(hangUp, answer);
  const call = client.call(cancelBooking, CHANGE, { deadline: within(5000) });
  await expect(call).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(calls()).toBe(1);
});

test("a service's own refusal is not retried", async () => {
  const { client, calls } = await startService(refuse, answer);
  const call = client.call(getBooking, READ, { deadline: within(5000) });
  await expect(call).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(calls()).toBe(1);
});
