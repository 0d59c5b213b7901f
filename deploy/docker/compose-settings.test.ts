import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { gatewaySettings } from "@medconnect/gateway/settings.ts";
import { processSettings } from "@medconnect/platform/config/config.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { parseYaml } from "@redocly/openapi-core";
import * as z from "zod";

interface ComposeFile {
  services: Record<string, { environment?: Record<string, unknown> }>;
}

const ROOT = join(import.meta.dirname, "../..");
const { services } = parseYaml(readFileSync(join(ROOT, "docker-compose.yml"), "utf8")) as ComposeFile;

/** True for settings that production refuses, as the image does. */
const isLocalOnly = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema)?.localOnly === true;

test("the gateway gets each setting of its own from Compose, and those of all processes for its limits", () => {
  const shared = Object.keys({ ...processSettings, ...addressSettings });
  const own = Object.entries(gatewaySettings)
    .filter(([name, schema]) => !shared.includes(name) && !isLocalOnly(schema))
    .map(([name]) => name);
  const passed = Object.keys(services.gateway!.environment!);
  const needed = [...own, "RATE_LIMIT_AUTH", "MAX_CALLER_REQUESTS"];
  expect(needed.filter((name) => !passed.includes(name))).toEqual([]);
});
