import { ref, type Schema } from "./json-schema.ts";

type Parameter = Schema & { name: string };

/**
 * Replaces parameters that several operations have in common by references.
 *
 * @param paths path items of the document, which are changed
 * @returns the parameters that are referred to, by name
 */
export function shareParameters(paths: Record<string, Schema>): Record<string, Schema> {
  const operations = Object.values(paths).flatMap((path) => Object.values(path)) as {
    parameters: Schema[];
  }[];
  const uses = Map.groupBy(
    operations.flatMap(({ parameters }) => parameters.filter(isInline)),
    (parameter) => JSON.stringify(parameter),
  );
  const names = new Map<string, string>();
  const shared: Record<string, Schema> = {};
  for (const [text, [parameter, ...others]] of uses) {
    if (!parameter || others.length === 0) continue;
    const name = componentName(parameter);
    if (shared[name]) throw new Error(`two shared parameters have the name ${name}`);
    shared[name] = parameter;
    names.set(text, name);
  }
  for (const operation of operations) {
    operation.parameters = operation.parameters.map((parameter) => {
      const name = names.get(JSON.stringify(parameter));
      return name === undefined ? parameter : ref("parameters", name);
    });
  }
  return shared;
}

const isInline = (parameter: Schema): parameter is Parameter => "name" in parameter;

const componentName = ({ name }: Parameter): string => name.charAt(0).toUpperCase() + name.slice(1);
