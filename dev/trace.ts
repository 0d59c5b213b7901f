// `npm run trace`: draws a trace of the running system, or lists the newest traces.
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError, UsageError } from "@medconnect/ops/command/setup-error.ts";
import { readStack } from "./stack/read-stack.ts";
import { usage } from "./trace.usage.mjs";
import { traceLine, waterfallLines } from "./traces/terminal.ts";
import type { Trace } from "./traces/waterfall.ts";

runCommand({
  ...usage,
  run: async ({ "data-dir": dataDir, route = "", status = "", "min-ms": minMs = "" }, [id, ...rest]) => {
    if (rest.length > 0) throw new UsageError("Name one trace.");
    if (!/^([1-5](\d\d|xx))?$/.test(status))
      throw new UsageError(`The status must be such as 409 or 4xx, not "${status}".`);
    const { urls } = readStack<{ urls: { traces?: string } }>(dataDir);
    if (urls.traces === undefined)
      throw new SetupError("The traces of this system are at the collector in OTEL_EXPORTER_OTLP_ENDPOINT.");
    const query = new URLSearchParams({ route, status, minMs });
    const lines =
      id === undefined
        ? (await read<Trace[]>(`${urls.traces}/?${query}`)).map(traceLine).toReversed()
        : drawn(await read<Trace>(`${urls.traces}/${encodeURIComponent(id)}`), urls.traces);
    process.stdout.write(`${lines.join("\n") || "No such trace yet."}\n`);
    return 0;
  },
});

const drawn = (trace: Trace, url: string): string[] => [
  traceLine(trace),
  `${url}/${trace.id}`,
  "",
  ...waterfallLines(trace),
];

async function read<Answer>(url: string): Promise<Answer> {
  const answer = await fetch(url, { headers: { accept: "application/json" } }).catch((cause: Error) => {
    throw new SetupError("The system does not answer. Start it with npm start, then try again.", { cause });
  });
  const json = (await answer.json()) as Answer & { problem?: string };
  if (!answer.ok) throw new SetupError(json.problem);
  return json;
}
