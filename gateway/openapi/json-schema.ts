/** A JSON Schema (2020-12, as in OpenAPI 3.1), or another part of the OpenAPI document. */
export type Schema = Record<string, unknown>;

export const ref = (section: "schemas" | "examples" | "headers" | "parameters", name: string): Schema => ({
  $ref: `#/components/${section}/${name}`,
});
