import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const { workspaces } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** Imports that must be refused: the rule, the importing file, and the imported module. */
const PLANTED = [
  ["services-are-apart", "services/auth/src/accounts/planted.ts", "@medconnect/billing/src/app.ts"],
  ["services-are-apart", "services/auth/src/accounts/planted-store.ts", "@medconnect/billing/src/app.ts"],
  ["services-are-apart", "services/auth/src/accounts/planted.test.ts", "../../../billing/src/app.ts"],
  ["services-imports", "services/auth/src/accounts/planted.ts", "@medconnect/gateway/app.ts"],
  ["services-imports", "services/auth/src/accounts/planted.ts", "@medconnect/ops/outbox.ts"],
  ["services-imports", "services/auth/src/accounts/planted.ts", "@medconnect/dev/start.ts"],
  ["platform-imports", "platform/db/planted.ts", "@medconnect/auth/src/app.ts"],
  ["platform-imports", "platform/db/planted.ts", "@medconnect/topology/services.ts"],
  ["platform-imports", "platform/db/planted.ts", "@medconnect/gateway/app.ts"],
  ["topology-imports", "topology/planted.ts", "@medconnect/auth/src/app.ts"],
  ["gateway-imports", "gateway/routing/planted.ts", "@medconnect/auth/src/app.ts"],
  ["gateway-imports", "gateway/routing/planted.ts", "@medconnect/client/src/client.ts"],
  ["clients/src-imports", "clients/typescript/src/planted.ts", "@medconnect/platform/db/database.ts"],
  ["clients/src-imports", "clients/typescript/src/planted.ts", "../generator/types.ts"],
  ["clients/generator-imports", "clients/typescript/generator/planted.ts", "@medconnect/auth/src/app.ts"],
  ["client-without-packages", "clients/typescript/src/cli/planted.ts", "fast-check"],
  ["client-without-node", "clients/typescript/src/planted.ts", "node:fs"],
  ["ops-imports", "ops/planted.ts", "@medconnect/dev/start.ts"],
  ["ops-imports", "ops/planted.ts", "@medconnect/gateway/app.ts"],
  ["deploy-imports", "deploy/bundles/planted.ts", "@medconnect/auth/src/app.ts"],
  ["dev-imports", "dev/planted.ts", "@medconnect/auth/src/app.ts"],
  ["no-tests-in-production", "services/auth/src/planted.ts", "./testing/fixture.ts"],
  ["no-tests-in-production", "services/auth/src/planted.ts", "@medconnect/platform/testing/fixture.ts"],
  ["no-tests-in-production", "services/auth/src/planted.ts", "./app.test.ts"],
  ["no-tests-in-production", "gateway/planted.ts", "@medconnect/test/support/stack.ts"],
  ["no-development-packages-in-production", "services/auth/src/planted.ts", "fast-check"],
  ["mysql-in-platform-db", "services/auth/src/accounts/planted-store.ts", "mysql2/promise"],
  ["mysql-in-platform-db", "services/auth/src/accounts/planted.ts", "mysql2"],
  ["mysql-in-platform-db", "platform/outbox/planted-store.ts", "mysql2/promise"],
  ["mysql-in-platform-db", "gateway/planted.ts", "mysql2/promise"],
  ["proto-imports", "proto/planted.ts", "@medconnect/platform/db/database.ts"],
  ["docs-imports", "docs/planted.ts", "@medconnect/ops/outbox.ts"],
  ["no-circular-files", "platform/db/planted.ts", "../ids/circle.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "./planted-store.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "@medconnect/platform/time/clock.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "@medconnect/platform/db/database.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "./planted.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "../app.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "@medconnect/topology/services.ts"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "pino"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "uuid"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "ioredis"],
  ["rules-without-io", "services/auth/src/accounts/planted-rules.ts", "@grpc/grpc-js"],
  ["rules-without-node", "services/auth/src/accounts/planted-rules.ts", "node:fs"],
  ["rules-without-node", "services/auth/src/accounts/planted-rules.ts", "node:crypto"],
] as const;

/** Ways to write an import. The test creates a file for each rule and each way. */
const FORMS = [
  (specifier: string) => `import type { X } from "${specifier}";\n`,
  (specifier: string) => `export * from "${specifier}";\n`,
  (specifier: string) => `export type { X } from "${specifier}";\n`,
  (specifier: string) => `await import("${specifier}");\n`,
];

const ALLOWED = [
  ["services/auth/src/accounts/allowed.ts", "@medconnect/platform/db/database.ts"],
  ["services/auth/src/accounts/allowed.ts", "@medconnect/topology/services.ts"],
  ["services/auth/src/accounts/allowed.ts", "../app.ts"],
  ["services/auth/src/accounts/allowed.test.ts", "../testing/fixture.ts"],
  ["services/auth/src/accounts/allowed.test.ts", "fast-check"],
  ["services/auth/src/accounts/allowed-rules.ts", "@medconnect/platform/time/calendar-date.ts"],
  ["services/auth/src/accounts/allowed-rules.ts", "node:util"],
  ["ops/allowed.ts", "@medconnect/auth/src/app.ts"],
  ["dev/allowed.ts", "@medconnect/client/src/client.ts"],
  ["clients/typescript/generator/allowed.ts", "@medconnect/gateway/openapi/document.ts"],
  ["clients/typescript/src/cli/allowed.ts", "node:fs"],
  ["platform/db/allowed.ts", "mysql2/promise"],
  ["topology/allowed.ts", "@medconnect/platform/db/database.ts"],
] as const;

interface Violation {
  rule: { name: string };
  from: string;
  to: string;
}

let folder: string;
let violations: Violation[];

/**
 * Copies the configuration and the package files of the project, without its code. Adds a file for each
 * forbidden import.
 */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "medconnect-imports-"));
  for (const file of [".dependency-cruiser.cjs", "package.json"])
    cpSync(join(ROOT, file), join(folder, file));
  for (const workspace of (workspaces as string[]).flatMap(expand)) {
    const manifest = readFileSync(join(ROOT, workspace, "package.json"), "utf8");
    write(`${workspace}/package.json`, manifest);
    mkdirSync(join(folder, "node_modules/@medconnect"), { recursive: true });
    symlinkSync(join(folder, workspace), join(folder, "node_modules", JSON.parse(manifest).name));
  }
  for (const library of ["mysql2", "ioredis", "@grpc", "fast-check"]) {
    symlinkSync(join(ROOT, "node_modules", library), join(folder, "node_modules", library));
  }
  const importing = Map.groupBy([...PLANTED.map(([, ...rest]) => rest), ...ALLOWED], ([file]) => file);
  for (const [file, imports] of importing) {
    write(file, imports.map(([, specifier]) => `import "${specifier}";\n`).join(""));
    for (const [, specifier] of imports) if (specifier.endsWith(".ts")) plantTarget(file, specifier);
  }
  write("platform/ids/circle.ts", 'import "../db/planted.ts";\n');
  for (const [i, form] of FORMS.entries()) write(formFile(i), form("@medconnect/billing/src/app.ts"));
  violations = await cruise();
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(PLANTED)("%s: %s must not import %s", (rule, file, specifier) => {
  const target = specifier.replace(/^(node:|@medconnect\/[a-z]+\/|[./]+)/, "");
  const found = violations.filter(({ from, to }) => from === file && to.includes(target));
  expect(found.map((violation) => violation.rule.name)).toContain(rule);
});

test.each([...FORMS.keys()])("form %i of an import is forbidden", (i) => {
  const names = violations.filter(({ from }) => from === formFile(i)).map(({ rule }) => rule.name);
  expect(names).toContain("services-are-apart");
});

test.each(ALLOWED)("%s may import %s", (file, _specifier) => {
  expect(violations.filter(({ from }) => from === file)).toEqual([]);
});

const formFile = (form: number): string => `services/auth/src/accounts/form-${form}.ts`;

const FOLDERS: Record<string, string[]> = {
  "services/*": ["services/auth", "services/scheduling", "services/clinical", "services/billing"],
  "clients/*": ["clients/typescript"],
};

const expand = (workspace: string): string[] => FOLDERS[workspace] ?? [workspace];

function write(file: string, content: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Creates an empty module to which an import resolves, unless a test case creates this file. */
function plantTarget(file: string, specifier: string): void {
  const [, name, path] = /^@medconnect\/([a-z]+)\/(.*)$/.exec(specifier) ?? [];
  const expanded = Object.values(FOLDERS).flat();
  const workspace =
    name === "client" ? "clients/typescript" : (expanded.find((each) => each === `services/${name}`) ?? name);
  const target = workspace ? join(workspace, path!) : join(dirname(file), specifier);
  if (PLANTED.some(([, planted]) => planted === target)) return;
  write(target, "export {};\n");
}

async function cruise(): Promise<Violation[]> {
  const cli = join(ROOT, "node_modules/.bin/depcruise");
  const rooms = [
    "platform",
    "topology",
    "services",
    "gateway",
    "clients",
    "ops",
    "deploy",
    "dev",
    "docs",
    "proto",
    "test",
  ];
  const args = [cli, "--config", ".dependency-cruiser.cjs", "--output-type", "json", ...rooms];
  const json = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      stdout === "" ? reject(new Error(stderr)) : resolve(stdout),
    );
  });
  return JSON.parse(json).summary.violations;
}
