import type { Output } from "./command.ts";
import { escaped, note, print } from "./terminal.ts";

type Fields = Record<string, unknown>;

const DEFAULT_WIDTH = 120;
const GAP = "  ";
const MAX_CELL = 40;

/** Writes the answer of an RPC. */
export function write(answer: unknown, output: Output): void {
  if (answer === undefined) return;
  if (typeof answer !== "object" || answer === null) print([String(answer)]);
  else if (output === "ndjson") writeItem(answer);
  else if (output === "json") print(JSON.stringify(answer, undefined, 2).split("\n"));
  else print(listing(answer as Fields));
}

/** How to write the pages of a list. */
export interface ListForm {
  /** Field of a page that has the items. */
  items: string;
  /** Fields of an item, in the order of a table. */
  columns: readonly string[];
  output: Output;
}

/** Writes a page of a list, and how to get the next one. */
export function writePage(page: Fields, { items, columns, output }: ListForm): void {
  const list = (page[items] ?? []) as Fields[];
  if (output === "json") write(page, output);
  else if (output === "ndjson") for (const item of list) writeItem(item);
  else print(list.length === 0 ? [`No ${items}.`] : table(list, columns));
  if (page.nextPageToken && output !== "json") {
    note([`More: add --all, or --page-token ${page.nextPageToken}`]);
  }
}

/** Writes a line of JSON. */
export function writeItem(item: unknown): void {
  print([JSON.stringify(item)]);
}

/** One line for each field. Fields of messages in the answer have dots in their name. */
function listing(fields: Fields): string[] {
  const cells = Object.entries(flattened(fields));
  const width = Math.max(...cells.map(([name]) => name.length), 0);
  return cells.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`);
}

/**
 * One line for each item, with the columns that fit into the terminal, and always with the first one and the id.
 * Leaves out columns without a value.
 */
function table(items: Fields[], order: readonly string[]): string[] {
  const rows = items.map((item) => flattened(item));
  const names = order.flatMap((field) => namesIn(rows, field));
  const columns = names.map((name) => ({
    name,
    width: Math.max(name.length, ...rows.map((row) => cell(row, name).length)),
  }));
  const shown = fitting(columns);
  const line = (cells: string[]) =>
    cells
      .map((text, i) => text.padEnd(shown[i]?.width ?? 0))
      .join(GAP)
      .trimEnd();
  const head = line(shown.map(({ name }) => name));
  return [head, ...rows.map((row) => line(shown.map(({ name }) => cell(row, name))))];
}

/** The names of a field in flattened rows: several if the field is a message. */
function namesIn(rows: Record<string, string>[], field: string): string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== "")));
  return [...names].filter((name) => name === field || name.startsWith(`${field}.`));
}

const terminalWidth = (): number => process.stdout.columns ?? (Number(process.env.COLUMNS) || DEFAULT_WIDTH);

interface Column {
  name: string;
  width: number;
}

/** The columns from the first on that fit, and the id. */
function fitting(columns: Column[]): Column[] {
  const id = columns.filter(({ name }) => name === "id");
  const others = columns.filter(({ name }) => name !== "id");
  let left = terminalWidth() - (id[0]?.width ?? 0);
  const tooWide = others.findIndex(({ width }, i) => {
    left -= width + GAP.length;
    return left < 0 && i > 0;
  });
  return [...(tooWide < 0 ? others : others.slice(0, tooWide)), ...id];
}

function cell(row: Record<string, string>, name: string): string {
  const text = row[name] ?? "";
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text;
}

function flattened(fields: Fields, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      isObject(value)
        ? Object.entries(flattened(value, `${prefix}${name}.`))
        : [[escaped(prefix + name), textOf(value)] as const],
    ),
  );
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(value: unknown): string {
  const isList = Array.isArray(value) && !value.some((each) => typeof each === "object");
  const text = isList ? value.join(", ") : typeof value === "string" ? value : JSON.stringify(value);
  return escaped(text.replaceAll(/\s+/g, " "));
}
