import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isWaiting } from "./interleaving.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService("scheduling");
});
afterAll(() => service.close());

test("nobody is known to wait while another transaction's statement has an emoji", async () => {
  const other = service.db.read("SELECT SLEEP(1), ? AS text, COUNT(*) FROM doctors", [
    "\u{1F469}\u200d".repeat(40),
  ]);
  let isDone = false;
  void other.finally(() => {
    isDone = true;
  });
  const answers = new Set<boolean>();
  while (!isDone) answers.add(await isWaiting(service.db));
  await other;
  expect([...answers]).toEqual([false]);
});
