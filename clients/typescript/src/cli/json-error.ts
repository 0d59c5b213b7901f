// Tokens of JSON (RFC 8259), with the space before them.
const STRING = /[ \t\n\r]*"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const SCALAR = /[ \t\n\r]*(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)/y;
const SPACE = /[ \t\n\r]*/y;
const punctuation = (character: string): RegExp => new RegExp(`[ \\t\\n\\r]*\\${character}`, "y");

/**
 * The place of the first error in a text that is no JSON, such as "line 1, column 5". The messages of JSON.parse
 * quote the text around it, which may be a password.
 */
export function placeOfError(json: string): string {
  const before = json.slice(0, offsetOfError(json)).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

/** Offset of the first token that JSON does not allow; the end of the text if a token is missing. */
function offsetOfError(json: string): number {
  let offset = 0;
  const take = (token: RegExp): boolean => {
    token.lastIndex = offset;
    const [found] = token.exec(json) ?? [];
    offset += found?.length ?? 0;
    return found !== undefined;
  };
  const value = (): boolean =>
    take(STRING) ||
    take(SCALAR) ||
    (take(punctuation("{")) &&
      items(() => take(STRING) && take(punctuation(":")) && value(), punctuation("}"))) ||
    (take(punctuation("[")) && items(value, punctuation("]")));
  const items = (item: () => boolean, end: RegExp): boolean => {
    if (take(end)) return true;
    do {
      if (!item()) return false;
    } while (take(punctuation(",")));
    return take(end);
  };
  value();
  take(SPACE);
  return offset;
}
