import dns from "node:dns";
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { jest, test } from "@jest/globals";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { eventually } from "../../test/support/eventually.ts";
import { GrpcClient, within } from "./client.ts";

const { getBooking } = BookingServiceService;
const READ = getBooking.requestDeserialize(Buffer.of());
const EMPTY_MESSAGE = Buffer.alloc(5);
/** Time in ms after the loss of an instance within which calls must succeed again. */
const HEALED_MS = 10_000;

/** Starts an instance of a service. `kill` ends it at once. */
async function startInstance(address: string, port = 0) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.end(EMPTY_MESSAGE);
  });
  await once(server.listen(port, address), "listening");
  const kill = () => {
    server.close();
    for (const session of sessions) session.destroy();
  };
  return { port: (server.address() as AddressInfo).port, kill };
}

test("a client follows its service to new addresses", async () => {
  let address = "127.0.0.1";
  const lookup = jest.spyOn(dns.promises, "lookup");
  lookup.mockImplementation((async () => [{ address, family: 4 }]) as unknown as typeof dns.promises.lookup);
  let instance = await startInstance(address);
  const client = new GrpcClient(`dns:///scheduling.test:${instance.port}`);
  const answers = () =>
    client.call(getBooking, READ, { deadline: within(1000) }).then(
      () => true,
      () => false,
    );
  await eventually(answers, Boolean);
  for (const next of ["127.0.0.2", "127.0.0.3"]) {
    const { port, kill } = instance;
    instance = await startInstance(next, port);
    address = next;
    kill();
    await eventually(answers, Boolean, HEALED_MS);
  }
  client.close();
  instance.kill();
  lookup.mockRestore();
});
