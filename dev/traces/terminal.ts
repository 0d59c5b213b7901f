import { styleText } from "node:util";
import { clockTime, printable } from "../logs/log-lines.ts";
import { errorOf, extentOf, inMs, labelOf, type Trace, waterfallOf } from "./waterfall.ts";

const BAR = 30;
const MAX_LABEL = 70;

/** Such as `14:12:14 660ee1f9 POST /v1/bookings 201 48 ms`. */
export function traceLine({ id, name, status, startMs, durationMs, isError }: Trace): string {
  const words = [clockTime(new Date(startMs)), id.slice(0, 8), printable(name)];
  return [...words, ...(status ? [red(isError, status)] : []), inMs(durationMs)].join(" ");
}

/** One line for each span: its bar, its duration, and its name, indented below its parent's. */
export function waterfallLines({ spans }: Trace): string[] {
  const { startMs, lengthMs } = extentOf(spans);
  const cells = (ms: number) => Math.round((BAR * ms) / (lengthMs || 1));
  return waterfallOf(spans).map(({ span, depth }) => {
    const before = Math.min(cells(span.startMs - startMs), BAR - 1);
    const bar = `${"·".repeat(before)}${"█".repeat(Math.max(1, cells(span.durationMs)))}`.slice(0, BAR);
    const error = red(span.isError, printable(errorOf(span)));
    const words = [styleText("bold", printable(span.service)), error, printable(labelOf(span), MAX_LABEL)];
    return `${red(span.isError, bar.padEnd(BAR, "·"))} ${inMs(span.durationMs).padStart(8)}  ${"  ".repeat(depth)}${words.filter(Boolean).join(" ")}`;
  });
}

const red = (isError: boolean, text: string): string => (isError ? styleText("red", text) : text);
