import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { methodAt } from "@medconnect/platform/contract/methods.ts";
import { MAX_ANSWER_BYTES } from "@medconnect/platform/grpc/message-limits.ts";
import { heldBytes } from "@medconnect/platform/testing/held-memory.ts";
import { eventually } from "../../test/support/eventually.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const AT_ONCE = 8;
/** Number of warm-up rounds, in which the heap grows even without a leak. */
const WARM_UP_ROUNDS = 2;
const ROUNDS = 3;
/** Heap growth that the test allows. If the answers of all rounds were retained, they would take 60 MiB. */
const MAX_GROWTH_BYTES = 30 * 1024 * 1024;

let gateway: TestGateway;
beforeAll(async () => {
  // On a busy machine, the stubs need more than the default of 10 s to encode several of the largest pages.
  gateway = await startTestGateway({ callTimeoutMs: 60_000 });
});
afterAll(() => gateway.close());

/** Makes a page of doctors that is as large as an answer may be. */
function largestPage() {
  const { output } = methodAt("/medconnect.scheduling.v1.DoctorService/SearchDoctors");
  const doctors = Array.from({ length: 100 }, (_, i) => ({ id: String(i), bio: "診".repeat(13_950) }));
  const size = toBinary(output, create(output, { doctors } as never)).length;
  expect(size).toBeGreaterThan(0.99 * MAX_ANSWER_BYTES);
  expect(size).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  return { doctors };
}

test("memory stays flat while many clients read the largest page of a list", async () => {
  const page = largestPage();
  gateway.stubs.stubs.set("SearchDoctors", () => page);
  const readAll = async () => {
    const reads = Array.from({ length: AT_ONCE }, () => gateway.send("GET", "/v1/doctors?pageSize=100"));
    for (const { status, text, json } of await Promise.all(reads)) {
      expect([status, json.reason]).toEqual([200, undefined]);
      expect(text.length).toBeGreaterThan(1_000_000);
    }
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await readAll();
  const before = heldBytes();
  for (let round = 0; round < ROUNDS; round++) await readAll();
  // Connections release the buffers of their last answers with a delay.
  await eventually(
    () => heldBytes() - before,
    (growth) => growth < MAX_GROWTH_BYTES,
  );
});
