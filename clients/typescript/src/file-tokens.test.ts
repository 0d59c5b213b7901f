import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { fileTokens } from "./file-tokens.ts";
import { MedConnect } from "./gen/medconnect.ts";
import { userSession } from "./session.ts";
import { startSessionServer } from "./testing/session-server.ts";

const TOKENS = { accessToken: "a", refreshToken: "r", expireTimeMs: 1, refreshKey: "k" };
const HOUR_MS = 3_600_000;

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "medconnect-tokens-"));
  file = join(folder, "medconnect/tokens.json");
});
afterEach(() => rm(folder, { recursive: true }));

test("only the owner can read the file and its folder", async () => {
  const store = fileTokens(file);
  await store.write(TOKENS);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "medconnect"))).mode & 0o777).toBe(0o700);
  expect(await store.read()).toEqual(TOKENS);
});

test("deleted tokens leave no file, and a missing file has none", async () => {
  const store = fileTokens(file);
  expect(await store.read()).toBeUndefined();
  await store.write(TOKENS);
  await store.write(undefined);
  expect(await readdir(join(folder, "medconnect"))).toEqual([]);
});

test("a file of another form counts as none", async () => {
  const store = fileTokens(join(folder, "tokens.json"));
  await writeFile(join(folder, "tokens.json"), "{");
  expect(await store.read()).toBeUndefined();
});

test.each([
  ["of a crashed process", String(2 ** 30), 0],
  ["that is an hour old", String(process.pid), HOUR_MS],
])("a lock %s is removed", async (_title, owner, ageMs) => {
  const store = fileTokens(file);
  await store.write(TOKENS);
  await writeFile(`${file}.lock`, owner);
  const since = new Date(Date.now() - ageMs);
  await utimes(`${file}.lock`, since, since);
  expect(await store.lock(async () => "done")).toBe("done");
  expect(await readdir(join(folder, "medconnect"))).toEqual(["tokens.json"]);
});

test("processes that share the file refresh once", async () => {
  const server = await startSessionServer();
  const processes: ChildProcess[] = [];
  try {
    const medconnect = new MedConnect({ baseUrl: server.url, credentials: userSession(fileTokens(file)) });
    await medconnect.login({ email: "a@example.org", password: "correct horse" });
    for (let i = 0; i < 3; i++) {
      const script = join(import.meta.dirname, "testing/refreshing-process.ts");
      processes.push(fork(script, [server.url, file], { execArgv: [] }));
    }
    await Promise.all(processes.map((process) => once(process, "message")));
    for (let round = 1; round <= 5; round++) {
      server.expire();
      const counts = processes.map(async (process) => {
        process.send(10);
        const [count] = await once(process, "message");
        return count;
      });
      expect(await Promise.all(counts)).toEqual([10, 10, 10]);
      expect(server).toMatchObject({ refreshes: round, isEnded: false });
    }
  } finally {
    for (const process of processes) process.disconnect();
    await server.close();
  }
});
