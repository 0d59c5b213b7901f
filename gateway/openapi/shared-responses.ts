import { ref, type Schema } from "./json-schema.ts";

type Responses = Record<string, Schema>;

/**
 * Replaces error answers that several operations have in common by references.
 *
 * @param paths path items of the document, which are changed
 * @returns the answers that are referred to, by name
 */
export function shareResponses(paths: Record<string, Schema>): Responses {
  const operations = Object.values(paths).flatMap((path) => Object.values(path)) as {
    responses: Responses;
  }[];
  const uses = Map.groupBy(
    operations.flatMap(({ responses }) => Object.values(responses).filter(explainsReasons)),
    (response) => JSON.stringify(response),
  );
  const shared = [...uses.values()].flatMap(([response, ...others]) =>
    response && others.length > 0 ? [response] : [],
  );
  const twice = shared.find((one) => shared.some((other) => one !== other && nameOf(one) === nameOf(other)));
  if (twice) throw new Error(`two shared answers have the name ${nameOf(twice)}`);
  const names = new Map(shared.map((response) => [JSON.stringify(response), nameOf(response)]));
  for (const operation of operations) {
    operation.responses = Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => {
        const name = names.get(JSON.stringify(response));
        return [status, name === undefined ? response : ref("responses", name)];
      }),
    );
  }
  return Object.fromEntries(shared.map((response) => [nameOf(response), response]));
}

/** Reason of an error at the beginning of its explanation. */
const EXPLAINED = /^`([A-Z_]+)`: /gm;

const explainsReasons = ({ description }: Schema): boolean => String(description).search(EXPLAINED) >= 0;

/** Name of an answer: that of its reasons, such as "InvalidPageToken". */
const nameOf = ({ description }: Schema): string =>
  [...String(description).matchAll(EXPLAINED)].map(([, reason = ""]) => pascalCase(reason)).join("Or");

const pascalCase = (reason: string): string =>
  reason.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
