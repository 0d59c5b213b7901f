import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { SERVICES } from "@medconnect/topology/services.ts";

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `npm run outbox` on the system that the environment variable STACK_JSON names. */
const outbox = (...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "../../ops/outbox.ts"), ...args])
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((ended: Ended) => ended);

test("lists every service's outbox with the service's rights", async () => {
  const { code, stdout, stderr } = await outbox("list", "--dead");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const service of SERVICES) expect(stdout).toMatch(new RegExp(`^${service}: `, "m"));
  expect((await outbox("list", "--service", "billing")).stdout).not.toContain("auth: ");
});

test("reports an event that no service has once", async () => {
  const id = newId();
  expect(await outbox("replay", id)).toMatchObject({
    code: 1,
    stderr: `There is no event ${id} that was refused too often.\n`,
  });
});
