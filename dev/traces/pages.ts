import { type Html, html } from "./html.ts";
import type { Search } from "./search.ts";
import { errorOf, extentOf, inMs, labelOf, type Row, type Trace, waterfallOf } from "./waterfall.ts";

type Extent = ReturnType<typeof extentOf>;

export const listPage = (traces: readonly Trace[], { route, status, minMs }: Search): string =>
  page(
    "Traces",
    html`<h1>Traces</h1>
<form role="search">
<label>Route <input name="route" value="${route}"></label>
<label>Status <input name="status" value="${status}" placeholder="409 or 4xx" pattern="[1-5]([0-9][0-9]|xx)"></label>
<label>Minimum ms <input name="minMs" value="${minMs}" inputmode="numeric" pattern="[0-9]*"></label>
<button>Search</button>
</form>
${traces.length === 0 ? html`<p>No such trace yet.</p>` : ""}<ol class="traces">
${traces.map((trace) => html`<li><a href="/${trace.id}">${headline(trace)}</a></li>\n`)}</ol>`,
  );

export function tracePage(trace: Trace): string {
  const { id, name, spans } = trace;
  const extent = extentOf(spans);
  return page(
    name,
    html`<p><a href="/">All traces</a></p>
<h1>${headline(trace)}</h1>
<p>${spans.length} spans in ${inMs(extent.lengthMs)}. Trace <code>${id}</code></p>
<p class="axis" aria-hidden="true"><span>0</span><span>${inMs(extent.lengthMs)}</span></p>
${list(waterfallOf(spans), extent)}`,
  );
}

export const messagePage = (title: string, text: string): string =>
  page(
    title,
    html`<p><a href="/">All traces</a></p>
<h1>${title}</h1>
<p>${text}</p>`,
  );

const list = (rows: readonly Row[], extent: Extent): Html =>
  html`<ul class="spans">\n${rows.map((row) => item(row, extent))}</ul>\n`;

function item({ span, children }: Row, extent: Extent): Html {
  const { service, name, durationMs, attributes, links, isError } = span;
  const offsetMs = span.startMs - extent.startMs;
  const percent = (ms: number) => `${((100 * ms) / (extent.lengthMs || 1)).toFixed(2)}%`;
  const facts = Object.entries({ name, start: inMs(offsetMs), ...attributes });
  return html`<li><details class="${service}${isError ? " error" : ""}"><summary>
<span class="name"><b>${service}</b> <strong>${errorOf(span)}</strong> ${labelOf(span)}</span>
<svg aria-hidden="true"><rect x="${percent(offsetMs)}" width="${percent(durationMs)}" height="100%"/></svg>
<span class="duration">${inMs(durationMs)}</span>
</summary><dl>
${facts.map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>\n`)}
${links.map((id) => html`<dt>link</dt><dd><a href="/${id}">${id}</a></dd>\n`)}</dl></details>
${children.length > 0 ? list(children, extent) : ""}</li>\n`;
}

const headline = ({ name, status, startMs, durationMs, isError }: Trace): Html =>
  html`<span class="name">${name}</span> <span class="status${isError ? " error" : ""}">${status}</span>
<span class="duration">${inMs(durationMs)}</span> <time>${new Date(startMs).toLocaleTimeString("en-GB")}</time>`;

const page = (title: string, main: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · MedConnect traces</title>
<link rel="stylesheet" href="/traces.css">
</head>
<body><main>
${main}
</main></body>
</html>
`.text;
