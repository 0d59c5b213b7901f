import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestService, type TestService } from "../testing/test-service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("scheduling");
  await service.db.write("INSERT INTO patient_calendars (patient_id, version) VALUES ('a', 0), ('b', 0)");
});
afterAll(() => service.close());

const versionOf = async (id: string) => {
  const [row] = await service.db.read<{ version: number }>(
    "SELECT version FROM patient_calendars WHERE patient_id = ?",
    [id],
  );
  return row!.version;
};

const BUMP = "UPDATE patient_calendars SET version = version + 1 WHERE patient_id = ?";

test("transactions that lock each other out are tried again until all have happened", async () => {
  const before = (await versionOf("a")) + (await versionOf("b"));
  const crossing = Array.from({ length: 20 }, (_, i) =>
    service.db.transaction(async (tx) => {
      await tx.write(BUMP, [i % 2 ? "a" : "b"]);
      await tx.write(BUMP, [i % 2 ? "b" : "a"]);
    }),
  );
  const done = (await Promise.allSettled(crossing)).filter((result) => result.status === "fulfilled").length;
  expect((await versionOf("a")) + (await versionOf("b"))).toBe(before + 2 * done);
  expect(done).toBeGreaterThan(10);
});

test("what throws leaves nothing behind, deferred statements included", async () => {
  const before = await versionOf("a");
  const failing = service.db.transaction(async (tx) => {
    await tx.write(BUMP, ["a"]);
    tx.defer(BUMP, ["a"]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await versionOf("a")).toBe(before);
});

test("deferred statements happen with the commit", async () => {
  const before = await versionOf("a");
  await service.db.transaction(async (tx) => tx.defer(BUMP, ["a"]));
  expect(await versionOf("a")).toBe(before + 1);
});

test("what is bound stays a value", async () => {
  const nasty = `'; DROP TABLE slots; -- \\' " \u0000`;
  const [row] = await service.db.read<{ text: string }>("SELECT ? AS text", [nasty]);
  expect(row!.text).toBe(nasty);
  const [again] = await service.db.transaction((tx) =>
    tx.read<{ text: string }>("SELECT ? AS text", [nasty]),
  );
  expect(again!.text).toBe(nasty);
});

test("a statement that takes too long is UNAVAILABLE, and its connection is not used again", async () => {
  const { Database } = await import("./database.ts");
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = "/mysql";
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: 200 });
  await expect(db.read("SELECT SLEEP(5)")).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await db.close();
});

test("a pool that is used up is UNAVAILABLE after the time-out, not a wait without end", async () => {
  const { Database } = await import("./database.ts");
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = "/mysql";
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: 500 });
  const held = db.read("SELECT SLEEP(0.4)");
  const results = await Promise.allSettled([
    held,
    db.read("SELECT SLEEP(0.4)"),
    db.read("SELECT SLEEP(0.4)"),
  ]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(await db.read("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await db.close();
});
