/** Values of each name, in the order in which they were sent. */
export type FormParameters = Map<string, [string, ...string[]]>;

/**
 * Decodes application/x-www-form-urlencoded text (WHATWG URL §5.1), such as a query. Unlike URLSearchParams,
 * throws a URIError for invalid percent-encoding and bytes that are not UTF-8, instead of replacing them.
 */
export function parseForm(text: string): FormParameters {
  const parameters: FormParameters = new Map();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodeForm(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeForm(pair.slice(equals + 1));
    const others = parameters.get(name);
    if (others) others.push(value);
    else parameters.set(name, [value]);
  }
  return parameters;
}

/** Decodes one name or value of a form. Throws a URIError like `parseForm`. */
export const decodeForm = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));
