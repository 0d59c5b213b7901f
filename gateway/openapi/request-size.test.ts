import { expect, test } from "@jest/globals";
import { LIMITS } from "../http/server.ts";
import { contractRoutes } from "../testing/routes.ts";
import { MAX_TAGS_LENGTH } from "../transcoding/headers.ts";
import { rulesOf } from "../transcoding/validation-rules.ts";
import { openApiDocument } from "./document.ts";
import { constraintsOf } from "./field-rules.ts";
import type { Schema } from "./json-schema.ts";

const document = openApiDocument(contractRoutes, "https://api.example.org");

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}

/** Longest form of a parameter in a request, in bytes. A character in a URL has up to 12: four times `%F0`. */
function longest({ name, in: place, schema }: Parameter): number {
  const { type, format, pattern, maxLength, maxItems, enum: values, items } = schema;
  if (type === "array") return Number(maxItems) * longest({ name, in: place, schema: items as Schema });
  const texts = [...((values ?? []) as string[]), "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21"];
  const length = Number(maxLength ?? Math.max(...texts.map((text) => text.length)));
  // Numbers, ids and names of values need no percent-encoding.
  const isPlain = place === "header" || format === "uuid" || values !== undefined || type !== "string";
  const bytes = isPlain ? 1 : pattern !== undefined || format !== undefined ? 3 : 12;
  return name.length + (place === "header" ? ": \r\n" : "&=").length + length * bytes;
}

test("the longest parameters of an operation fit in one request, with 2 KiB for the token and other headers", () => {
  const shared = (document.components as Schema).parameters as Record<string, Parameter>;
  const resolved = (part: Schema) => ("$ref" in part ? shared[String(part.$ref).split("/").at(-1)!]! : part);
  const sizes = Object.entries(document.paths as Record<string, Record<string, Schema>>).flatMap(
    ([path, operations]) =>
      Object.values(operations).map(({ operationId, parameters = [] }) => {
        const all = (parameters as Schema[]).map((each) => resolved(each) as Parameter);
        return [operationId, path.length + all.reduce((sum, each) => sum + longest(each), 0)] as const;
      }),
  );
  expect(sizes.filter(([, size]) => size > LIMITS.maxHeaderSize - 2048)).toEqual([]);
  expect(sizes.filter(([, size]) => size > 5000).length).toBeGreaterThan(3);
});

test("each version that If-Match may list fits in the field that it fills", () => {
  const etags = contractRoutes.flatMap(({ binding }) => binding.etag ?? []);
  expect(etags.length).toBeGreaterThan(1);
  for (const etag of etags) expect(constraintsOf(rulesOf(etag))).toEqual({ maxLength: MAX_TAGS_LENGTH });
});
