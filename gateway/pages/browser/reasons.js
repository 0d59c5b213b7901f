// Adds an operation's error reasons to its description, so that a search for a reason finds the operation.

/** Reasons of more operations than this are those of any operation. */
const MANY = 25;

/** The document, with links to the reasons of each operation at `/docs/errors`. */
export function withReasons(document) {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const reasons = operations.map((operation) => reasonsOf(operation, document.components.responses));
  const uses = (reason) => reasons.filter((some) => some.includes(reason)).length;
  for (const [i, operation] of operations.entries()) {
    const links = reasons[i]
      .filter((reason) => uses(reason) <= MANY)
      .map((reason) => `[${reason}](/docs/errors#${reason})`);
    if (links.length > 0) operation.description += `\n\nErrors: ${links.join(", ")}`;
  }
  return document;
}

/** A response's description has a line for each reason, such as "`NOT_FOUND`: …". */
function reasonsOf({ responses }, shared) {
  const texts = Object.values(responses).map(({ $ref, description }) =>
    $ref ? shared[$ref.split("/").at(-1)].description : description,
  );
  return [...texts.join("\n").matchAll(/^`([A-Z_]+)`:/gm)].map(([, reason]) => reason);
}
