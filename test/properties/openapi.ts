import type { Api } from "../support/api.ts";

/** The parts of a JSON schema that the tests use. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

export interface Operation {
  method: string;
  /** Path with parameters, such as "/v1/bookings/{bookingId}". */
  path: string;
  query: Record<string, Schema>;
  body: Schema | undefined;
  /** True if the body is a form instead of JSON. */
  takesForm: boolean;
}

interface Parameter {
  in: string;
  name: string;
  schema: Schema;
}
type ParameterOrRef = Parameter | { $ref: string };

interface OpenApi {
  paths: Record<string, Record<string, { parameters?: ParameterOrRef[]; requestBody?: RequestBody }>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
}
interface RequestBody {
  content: Record<string, { schema: Schema }>;
}

/** The OpenAPI document that the gateway serves. */
export class ApiDescription {
  readonly operations: Operation[];
  readonly #schemas: Record<string, Schema>;

  private constructor({ paths, components }: OpenApi) {
    this.#schemas = components.schemas;
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        query: Object.fromEntries(
          parameters
            .map((each) => ("$ref" in each ? named(components.parameters, each.$ref) : each))
            .filter((each) => each.in === "query")
            .map(({ name, schema }) => [name, schema]),
        ),
        body: Object.values(requestBody?.content ?? {})[0]?.schema,
        takesForm: "application/x-www-form-urlencoded" in (requestBody?.content ?? {}),
      })),
    );
  }

  static async fetch(api: Api): Promise<ApiDescription> {
    return new ApiDescription((await api.ok("GET /openapi.json")) as unknown as OpenApi);
  }

  /** Returns the schema to which a `$ref` points, or the schema itself. */
  resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : named(this.#schemas, schema.$ref);
  }
}

/** Returns the component to which a `$ref` points. */
function named<Component>(components: Record<string, Component>, reference: string): Component {
  const component = components[reference.split("/").at(-1) ?? ""];
  if (!component) throw new Error(`The OpenAPI document has no ${reference}.`);
  return component;
}
