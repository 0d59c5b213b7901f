import { clockTime } from "../logs/log-lines.ts";
import { type Html, html } from "./html.ts";
import { errorOf, extentOf, inMs, labelOf, type Row, type Trace, waterfallOf } from "./waterfall.ts";

/** Part of a name, a status such as 409 or 4xx, and the least duration. Empty fields match every trace. */
export type Search = Record<"route" | "status" | "minMs", string>;

const COLOURED = ["gateway", "scheduling", "billing", "clinical", "auth"];

/** @param problem text in place of an empty list */
export const listPage = (traces: readonly Trace[], search?: Search, problem = "No such trace yet."): string =>
  page(
    "Traces",
    html`<form role="search">
<p class="filters">
<label>Route <input name="route" value="${search?.route}"></label>
<label>Status <input name="status" value="${search?.status}" placeholder="409 or 4xx" pattern="[1-5]([0-9][0-9]|xx)"></label>
<label>Minimum ms <input name="minMs" value="${search?.minMs}" inputmode="numeric" pattern="[0-9]*"></label>
</p>
<p class="actions"><button>Search</button></p>
</form>
<table class="items">
<thead><tr><th>Trace</th><th>Status</th><th>Duration</th><th>Time</th></tr></thead>
<tbody>${traces.length > 0 ? traces.map(tableRow) : html`<tr><td colspan="4">${problem}</td></tr>`}</tbody>
</table>`,
  );

export function tracePage(trace: Trace): string {
  const { id, name, status, spans } = trace;
  const extent = extentOf(spans);
  return page(
    `${name} ${status}`,
    html`<p>${spans.length} spans in ${inMs(extent.lengthMs)} at ${timeOf(trace)}. Trace <code>${id}</code></p>
<ul class="spans">
${waterfallOf(spans).map((row) => item(row, extent))}</ul>`,
  );
}

const tableRow = (trace: Trace): Html => html`<tr>
<td data-title="Trace"><a href="/${trace.id}"><code>${trace.name}</code></a></td>
<td data-title="Status">${trace.isError ? html`<strong>${trace.status}</strong>` : trace.status}</td>
<td data-title="Duration">${inMs(trace.durationMs)}</td>
<td data-title="Time">${timeOf(trace)}</td>
</tr>\n`;

function item({ span, depth }: Row, extent: ReturnType<typeof extentOf>): Html {
  const { service, name, durationMs, attributes, links, isError } = span;
  const offsetMs = span.startMs - extent.startMs;
  const percent = (ms: number) => `${((100 * ms) / (extent.lengthMs || 1)).toFixed(2)}%`;
  const facts = Object.entries({ name, start: inMs(offsetMs), ...attributes });
  const colour = isError ? "danger" : `series-${COLOURED.indexOf(service) + 1}`;
  return html`<li aria-level="${depth + 1}"><details><summary><div>
<span><i class="hint" aria-hidden="true">${"│ ".repeat(depth)}</i><b>${service}</b> <strong>${errorOf(span)}</strong> ${labelOf(span)}</span>
<svg aria-hidden="true"><rect x="${percent(offsetMs)}" width="${percent(durationMs)}" height="100%" fill="var(--${colour})"/></svg>
<span class="number">${inMs(durationMs)}</span>
</div></summary><dl class="facts">
${facts.map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>\n`)}
${links.map((id) => html`<dt>link</dt><dd><a href="/${id}">${id}</a></dd>\n`)}</dl></details></li>\n`;
}

const timeOf = ({ startMs }: Trace): Html => html`<time>${clockTime(new Date(startMs))}</time>`;

const page = (title: string, main: Html): string =>
  `${html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · MedConnect traces</title>
${["base", "forms", "frame", "tables", "traces"].map((file) => html`<link rel="stylesheet" href="/${file}.css">\n`)}
<header><nav><a href="/">All traces</a></nav></header>
<main><h1>${title}</h1>
${main}</main>
</html>
`}`;
