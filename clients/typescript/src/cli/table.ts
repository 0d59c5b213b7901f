import { cellsOf, type Fields } from "./cells.ts";

const DEFAULT_WIDTH = 120;
const MAX_CELL = 40;
/** Space between columns. */
export const GAP = "  ";

/**
 * One line for each item. The columns are in this order, without those that have no value. Those that are too wide for
 * the terminal are left out, but never the first one and the id. Long cells are cut.
 */
export function table(items: Fields[], order: readonly string[], width = terminalWidth()): string[] {
  const rows = items.map((item) =>
    Object.fromEntries(Object.entries(cellsOf(item)).map(([name, text]) => [name, cut(text)])),
  );
  return linesOf(rows, fitting(columnsOf(rows, order), width));
}

/** One line for each item, with all columns and whole cells, even if they are wider than the terminal. */
export function wholeTable(items: Fields[]): string[] {
  const rows = items.map((item) => cellsOf(item));
  return linesOf(rows, columnsOf(rows, [...new Set(items.flatMap(Object.keys))]));
}

/** Width of the widest text. */
export const widest = (texts: string[]): number =>
  texts.reduce((width, { length }) => Math.max(width, length), 0);

type Row = Record<string, string>;

interface Column {
  name: string;
  width: number;
}

function linesOf(rows: Row[], columns: Column[]): string[] {
  const line = (texts: string[]) =>
    texts
      .map((text, i) => text.padEnd(Math.min(columns[i]?.width ?? 0, MAX_CELL)))
      .join(GAP)
      .trimEnd();
  return [
    line(columns.map(({ name }) => name)),
    ...rows.map((row) => line(columns.map(({ name }) => row[name] ?? ""))),
  ];
}

/** The columns that have a value. A field that is a message has several. */
function columnsOf(rows: Row[], order: readonly string[]): Column[] {
  const used = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== "")));
  return order
    .flatMap((field) => [...used].filter((name) => name === field || name.startsWith(`${field}.`)))
    .map((name) => ({ name, width: widest([name, ...rows.map((row) => row[name] ?? "")]) }));
}

/** The first column, the id, and each of the others that still fits beside those before it. */
function fitting(columns: Column[], terminal: number): Column[] {
  const [first] = columns;
  let left = terminal + GAP.length;
  const take = ({ width }: Column): boolean => {
    const fits = width + GAP.length <= left;
    if (fits) left -= width + GAP.length;
    return fits;
  };
  const isKept = (column: Column) => column === first || column.name === "id";
  for (const { width } of columns.filter(isKept)) left -= width + GAP.length;
  return columns.filter((column) => isKept(column) || take(column));
}

const terminalWidth = (): number => process.stdout.columns ?? (Number(process.env.COLUMNS) || DEFAULT_WIDTH);

const cut = (text: string): string => (text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text);
