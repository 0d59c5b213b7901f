import { cellsOf, type Fields, isTable } from "./cells.ts";
import type { Output } from "./command.ts";
import { GAP, table, wholeTable, widest } from "./table.ts";
import { note, print } from "./terminal.ts";

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

/** One line for each field, and a table for each list of messages. */
function listing(answer: Fields): string[] {
  const lists = Object.entries(answer).filter((entry): entry is [string, Fields[]] => isTable(entry[1]));
  const others = Object.entries(answer).filter(([, value]) => !isTable(value));
  const cells = Object.entries(cellsOf(Object.fromEntries(others)));
  const width = widest(cells.map(([name]) => name));
  return [
    ...cells.map(([name, text]) => `${name.padEnd(width)}${GAP}${text}`),
    ...lists.flatMap(([name, items]) => ["", `${name}:`, ...wholeTable(items)]),
  ];
}
