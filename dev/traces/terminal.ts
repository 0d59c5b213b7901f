import { styleText } from "node:util";
import { printable } from "../logs/log-lines.ts";
import { errorOf, extentOf, inMs, labelOf, type Row, type Trace, waterfallOf } from "./waterfall.ts";

const BAR = 30;
const MAX_LABEL = 70;

/** Such as `14:12:14 660ee1f9 POST /v1/bookings 201 48 ms`. */
export function traceLine({ id, name, status, startMs, durationMs, isError }: Trace): string {
  const words = [new Date(startMs).toLocaleTimeString("en-GB"), id.slice(0, 8), printable(name)];
  return [...words, ...(status ? [red(isError, status)] : []), inMs(durationMs)].join(" ");
}

/** One line for each span: its bar, its duration, and its name, indented below its parent's. */
export function waterfallLines({ spans }: Trace): string[] {
  const { startMs, lengthMs } = extentOf(spans);
  const cells = (ms: number) => Math.round((BAR * ms) / (lengthMs || 1));
  const linesOf = ({ span, children }: Row, depth: number): string[] => {
    const before = Math.min(cells(span.startMs - startMs), BAR - 1);
    const bar = `${"·".repeat(before)}${"█".repeat(Math.max(1, cells(span.durationMs)))}`.slice(0, BAR);
    const error = errorOf(span);
    const words = [
      styleText("bold", printable(span.service)),
      ...(error ? [red(true, printable(error))] : []),
    ];
    const text = [...words, printable(labelOf(span), MAX_LABEL)].join(" ");
    const line = `${red(span.isError, bar.padEnd(BAR, "·"))} ${inMs(span.durationMs).padStart(8)}  ${"  ".repeat(depth)}${text}`;
    return [line, ...children.flatMap((child) => linesOf(child, depth + 1))];
  };
  return waterfallOf(spans).flatMap((row) => linesOf(row, 0));
}

const red = (isError: boolean, text: string): string => (isError ? styleText("red", text) : text);
