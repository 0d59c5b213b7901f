import { type Client, credentials, makeClientConstructor, Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type HealthCheckResponse, HealthService } from "@medconnect/proto/grpc/health/v1/health.ts";
import { Health } from "./health.ts";

const SERVICE = "medconnect.auth.v1.AuthService";

let server: Server;
let health: Health;
// biome-ignore lint/suspicious/noExplicitAny: grpc-js makes the client's methods at run time.
let client: Client & Record<string, any>;

beforeEach(async () => {
  server = new Server();
  health = new Health([SERVICE]);
  health.addTo(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  const HealthClient = makeClientConstructor(HealthService, "Health");
  client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterEach(() => {
  client.close();
  server.forceShutdown();
});

const ask = (method: "check" | "list", request: object): Promise<unknown> =>
  new Promise((resolve, reject) =>
    client[method](request, (error: Error, answer: object) => (error ? reject(error) : resolve(answer))),
  );

/** Watches a service. Returns the states that it receives until the server ends the stream. */
function watch(service: string, onTold: (status: string) => void): Promise<string[]> {
  const told: string[] = [];
  return new Promise((resolve, reject) =>
    client
      .watch({ service })
      .on("data", ({ status }: HealthCheckResponse) => onTold(told[told.push(status) - 1]!))
      .on("error", reject)
      .on("end", () => resolve(told)),
  );
}

test("the process serves until it is stopped", async () => {
  for (const service of ["", SERVICE]) expect(await ask("check", { service })).toEqual({ status: "SERVING" });
  expect(await ask("list", {})).toEqual({
    statuses: { "": { status: "SERVING" }, [SERVICE]: { status: "SERVING" } },
  });
  health.stop();
  for (const service of ["", SERVICE]) {
    expect(await ask("check", { service })).toEqual({ status: "NOT_SERVING" });
  }
});

test("a service of another process is unknown", async () => {
  await expect(ask("check", { service: "medconnect.auth.v1.Other" })).rejects.toThrow("NOT_FOUND");
  const told = await new Promise<string>((resolve) => {
    watch("medconnect.auth.v1.Other", resolve).catch(() => undefined);
  });
  expect(told).toBe("SERVICE_UNKNOWN");
});

test.each([
  ["", ["SERVING", "NOT_SERVING"]],
  [SERVICE, ["SERVING", "NOT_SERVING"]],
  ["medconnect.auth.v1.Other", ["SERVICE_UNKNOWN", "SERVICE_UNKNOWN"]],
])("watchers of %j learn of the stop and do not delay it", async (service, states) => {
  let isFirst = true;
  const told = await watch(service, () => {
    if (isFirst) health.stop();
    isFirst = false;
  });
  expect(told).toEqual(states);
  await new Promise<void>((resolve, reject) =>
    server.tryShutdown((error) => (error ? reject(error) : resolve())),
  );
});
