import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
/** Longest distance of a size from that in the README, in kB (1,000 bytes). */
const ROUNDING_KB = 0.2;

/** A project that has installed the packed client. */
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "medconnect-client-"));
  run("node", [join(import.meta.dirname, "build.mjs")]);
  const [packed] = JSON.parse(run("npm", ["pack", "--json", join(ROOT, ".local/client")]));
  const folder = join(project, "node_modules/@medconnect/client");
  mkdirSync(folder, { recursive: true });
  run("tar", ["-xzf", packed.filename, "-C", folder, "--strip-components=1"]);
});
afterAll(() => rmSync(project, { recursive: true }));

/** Runs a program in the project. @returns what it prints */
const run = (program: string, args: string[]): string =>
  execFileSync(program, args, { cwd: project, encoding: "utf8" });

/** Bundles a script of the project for browsers, minified. */
async function bundle(script: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: project },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    write: false,
  });
  return outputFiles[0]!.text;
}

const BOOK = `
  import { Client, createBooking } from "@medconnect/client";
  new Client({ baseUrl: location.origin }).call(createBooking, { slotId: "s1" });`;
const ALL = `
  import { MedConnect } from "@medconnect/client";
  new MedConnect({ baseUrl: location.origin }).createBooking({ slotId: "s1" });`;
const ASK = `
  const medconnect = new MedConnect({ baseUrl: "https://api.example.org", fetch: async () => Response.json({ id: "b1" }) });
  medconnect.createBooking({ slotId: "s1" }).then(({ id }) => console.log(id));`;

test("plain Node imports the packed client", () => {
  writeFileSync(
    join(project, "ask.mjs"),
    `import { MedConnect } from "@medconnect/client";
     import { fileTokens } from "@medconnect/client/node";
     if (typeof fileTokens !== "function") throw new Error();${ASK}`,
  );
  expect(run("node", ["ask.mjs"])).toBe("b1\n");
});

test("a failure that is handled once is not also an unhandled rejection, which would end the process", () => {
  writeFileSync(
    join(project, "refused.mjs"),
    `import { MedConnect } from "@medconnect/client";
     const fetch = async () => Response.json({ reason: "NOT_FOUND" }, { status: 404 });
     const medconnect = new MedConnect({ baseUrl: "https://api.example.org", fetch });
     await medconnect.getMe().withInfo().catch((error) => console.log(error.reason));`,
  );
  expect(run("node", ["refused.mjs"])).toBe("NOT_FOUND\n");
});

test("the packed command line runs", () => {
  expect(run("node", ["node_modules/@medconnect/client/medconnect.js", "--help"])).toContain(
    "create-booking",
  );
});

test("a bundle for browsers needs nothing of Node", async () => {
  const code = await bundle(`import { MedConnect } from "@medconnect/client";${ASK}`);
  const printed = Promise.withResolvers<string>();
  runInNewContext(code, {
    AbortController,
    AbortSignal,
    DOMException,
    Response,
    URL,
    URLSearchParams,
    clearTimeout,
    console: { log: printed.resolve },
    crypto,
    setTimeout,
  });
  expect(await printed.promise).toBe("b1");
});

test("a bundle has only the RPCs that are used", async () => {
  const code = await bundle(BOOK);
  const routes = [...code.matchAll(/"[A-Z]+ (\/v1\/[^"]+)"/g)].map(([, path]) => path);
  expect(routes.sort()).toEqual(["/v1/auth/token:refresh", "/v1/bookings"]);
  expect(code).not.toContain("client-assertion");
});

test("the README names the sizes of the bundles", async () => {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const named = [...readme.matchAll(/(\d\.\d) kB/g)].map(([, kilobytes]) => Number(kilobytes));
  const sizes = await Promise.all(
    [bundle(BOOK), bundle(ALL)].map(async (code) => gzipSync(await code).length),
  );
  expect(named).toHaveLength(sizes.length);
  for (const [i, bytes] of sizes.entries()) {
    expect(Math.abs(bytes / 1000 - (named[i] ?? 0))).toBeLessThan(ROUNDING_KB);
  }
});

test("strict TypeScript accepts the types, and refuses wrong calls", () => {
  writeFileSync(
    join(project, "typed.ts"),
    `import { hasReason, MedConnect } from "@medconnect/client";
     const medconnect = new MedConnect({ baseUrl: "https://api.example.org" });
     const { id, paymentId } = await medconnect.createBooking({ slotId: "s1", reason: undefined });
     const known: string = id;
     // @ts-expect-error: a booking that is free of charge has no payment
     const payment: string = paymentId;
     // @ts-expect-error: slotId is required
     await medconnect.createBooking({});
     // @ts-expect-error: no such status
     await medconnect.listBookings({ status: "LOST" });
     // @ts-expect-error: no such reason
     hasReason(undefined, "SLOT_GONE");
     for await (const doctor of medconnect.searchDoctors({ availableFrom: new Date() })) console.log(doctor.id, known, payment);`,
  );
  const options = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
  const compilerOptions = {
    ...options,
    target: "es2022",
    module: "nodenext",
    lib: ["es2022", "dom"],
    types: [],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["typed.ts"] }));
  writeFileSync(join(project, "package.json"), '{"type":"module"}');
  expect(run(join(ROOT, "node_modules/.bin/tsc"), ["--project", "."])).toBe("");
});
