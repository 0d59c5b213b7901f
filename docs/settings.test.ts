import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { serviceSettings } from "@medconnect/platform/config/config.ts";
import type * as z from "zod";
import { gatewaySettings } from "../gateway/settings.ts";
import { mailOptionsOf } from "../platform/mail/mail-settings.ts";
import { authSettings } from "../services/auth/src/settings.ts";
import { billingSettings } from "../services/billing/src/settings.ts";
import { clinicalSettings } from "../services/clinical/src/settings.ts";
import { schedulingSettings } from "../services/scheduling/src/settings.ts";

const SETTINGS = readFileSync(join(import.meta.dirname, "settings.md"), "utf8");
const [TABLE] = /^\| Setting \| Default \|.*\n(?:\|.*\n)+/m.exec(SETTINGS)!;
const ROW = /^\| (`.*?) \| (.*?) \| .* \|$/gm;
const NAME = /`(_?[A-Z][A-Z_]*)`/g;
const VALUE = /`([^`]+)`|\b(none|required|\d[\d,]*)\b/g;

const PROCESSES: Record<string, z.ZodRawShape> = {
  gateway: gatewaySettings,
  services: serviceSettings,
  auth: authSettings,
  scheduling: schedulingSettings,
  clinical: clinicalSettings,
  billing: billingSettings,
};
/** Ports differ by process; NODE_ENV is Node's own setting. */
const BY_DEPLOYMENT = ["PORT", "METRICS_PORT", "NODE_ENV"];

const mail = mailOptionsOf({ MAIL_URL: "smtp://localhost" });
/** Defaults that are set outside of the settings' schemas. */
const LATER: Record<string, unknown> = { MAIL_FROM: mail.from, PUBLIC_URL: mail.publicUrl };
const COMPUTED: Record<string, string> = { "min(cores, 3)": String(Math.min(availableParallelism(), 3)) };

/** Documented defaults by name. A row with several names and one value counts for each. */
const documented = new Map(
  [...TABLE.matchAll(ROW)].flatMap(([, setting, text]) => {
    const [first, ...others] = [...setting!.matchAll(NAME)].map(([, name]) => name!);
    const names = [first!, ...others.map((name) => name.replace(/^_/, first!.replace(/[^_]+$/, "")))];
    const values = [...text!.matchAll(VALUE)].map(([, code, word]) => code ?? word!.replaceAll(",", ""));
    return names.map((name, i) => [name, values[i] ?? values[0]] as const);
  }),
);

const settings = Object.entries(PROCESSES).flatMap(([process, shape]) =>
  Object.entries(shape)
    .filter(([name]) => !BY_DEPLOYMENT.includes(name))
    .map(([name, schema]) => [name, process, schema as z.ZodType] as const),
);

test("settings.md lists exactly the existing settings", () => {
  const names = new Set(settings.map(([name]) => name));
  const rows = [...documented.keys()].filter((name) => !BY_DEPLOYMENT.includes(name));
  expect(rows.sort()).toEqual([...names].sort());
});

test.each(settings)("%s of %s has its documented default", (name, _, schema) => {
  const promised = documented.get(name)!;
  const { success, data } = schema.safeParse(undefined);
  const actual = success ? (LATER[name] ?? data) : "required";
  if (promised === "none") expect([undefined, []]).toContainEqual(actual);
  else if (promised === "required") expect(actual).toBe("required");
  else expect(actual).toEqual(schema.parse(COMPUTED[promised] ?? promised));
});
