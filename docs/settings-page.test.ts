import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import type * as z from "zod";
import { apiUrlOf } from "../platform/config/api-url.ts";
import { mailOptionsOf } from "../platform/mail/mail-settings.ts";
import { SETTINGS, settingsPage } from "./settings-page.ts";

const settings = Object.entries(SETTINGS).flatMap(([processes, shape]) =>
  Object.entries(shape).map(([name, schema]) => [name, processes, schema as z.ZodType] as const),
);

test("docs/settings.md is what `npm run docs:settings` makes", () => {
  expect(readFileSync(join(import.meta.dirname, "settings.md"), "utf8")).toBe(settingsPage());
});

test.each(settings)("%s of %s has a description", (_name, _processes, schema) => {
  // A table cell must be one line without `|`, which would end the cell.
  expect(schema.description).toMatch(/^[^|\n]+[^|\n.]$/);
});

const mail = mailOptionsOf({ MAIL_URL: "smtp://localhost" });
/** Defaults that docs/settings.md shows, but that the schema of the setting does not contain. */
const LATER: Record<string, unknown> = {
  MAIL_FROM: mail.from,
  PUBLIC_URL: mail.publicUrl,
  API_URL: apiUrlOf({}),
};
const COMPUTED: Record<string, number> = { "min(cores, 3)": Math.min(availableParallelism(), 3) };

test.each(settings.filter(([, , schema]) => schema.meta()?.documentedDefault !== undefined))(
  "%s of %s has its documented default outside of production",
  (name, _processes, schema) => {
    const [, promised] = /^`(.*?)`/.exec(schema.meta()!.documentedDefault as string)!;
    expect(LATER[name] ?? schema.parse(undefined)).toEqual(schema.parse(COMPUTED[promised!] ?? promised));
  },
);

test.each([
  ["EMAIL_VERIFICATION", "required"],
  ["MFA_REQUIRED_ROLES", ["DOCTOR", "ADMIN"]],
])("%s has its documented default in production", async (name, value) => {
  const env = jest.replaceProperty(process, "env", { ...process.env, NODE_ENV: "production" });
  await jest.isolateModulesAsync(async () => {
    const { authSettings } = await import("../services/auth/src/settings.ts");
    const schema: z.ZodType = authSettings[name as keyof typeof authSettings];
    expect(schema.parse(undefined)).toEqual(value);
    expect(schema.meta()!.documentedDefault).toContain(`in production: \`${value}\``);
  });
  env.restore();
});
