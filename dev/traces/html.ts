/** HTML in which all texts are escaped. */
export class Html extends String {}

type Value = string | number | Html | readonly Html[] | undefined;

/** Makes HTML of a template, and escapes the texts in it, for content and for attributes in double quotes. */
export const html = (parts: TemplateStringsArray, ...values: Value[]): Html =>
  new Html(String.raw({ raw: parts }, ...values.map(textOf)));

function textOf(value: Value = ""): string {
  if (value instanceof Html) return `${value}`;
  if (typeof value === "object") return value.join("");
  return `${value}`.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
