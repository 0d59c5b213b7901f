/** A JSON Schema (2020-12, as in OpenAPI 3.1), or another part of the OpenAPI document. */
export type Schema = Record<string, unknown>;

type Section = "schemas" | "headers" | "parameters" | "responses";

export const ref = (section: Section, name: string): Schema => ({
  $ref: `#/components/${section}/${name}`,
});
