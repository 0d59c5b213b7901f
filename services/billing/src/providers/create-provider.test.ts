import { expect, test } from "@jest/globals";
import { systemClock } from "@medconnect/platform/clock.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { createProvider } from "./create-provider.ts";

// A pool that is not used connects to nothing.
const db = new Database({ url: "mysql://nobody@127.0.0.1:1/none", poolSize: 1, timeoutMs: 1 });

const create = (NODE_ENV: string | undefined, ALLOW_STUB_PROVIDER: boolean) =>
  createProvider(
    {
      NODE_ENV,
      PAYMENT_PROVIDER: "stub",
      ALLOW_STUB_PROVIDER,
      STUB_SETTLE_DELAY: 0,
      STUB_ACTION_URL: "https://stub.test",
    },
    db,
    systemClock,
  );

test("the stub, which moves no money, runs in production only where that is allowed by name", () => {
  expect(create(undefined, false).name).toBe("stub");
  expect(create("production", true).name).toBe("stub");
  expect(() => create("production", false)).toThrow("ALLOW_STUB_PROVIDER");
});
