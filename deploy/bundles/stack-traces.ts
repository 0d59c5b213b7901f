import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, resolve } from "node:path";

/**
 * Makes stack traces show lines of the sources instead of the bundle. Each bundle contains this module.
 * Node's `--enable-source-maps` would read the source map at each start. This module reads it at the first
 * stack trace.
 */
const BUNDLE = __filename;
let map: SourceMap | undefined;

Error.prepareStackTrace = (error, frames) =>
  [Error.prototype.toString.call(error), ...frames.map((frame) => `    at ${inSources(frame)}`)].join("\n");

function inSources(frame: NodeJS.CallSite): string {
  const text = frame.toString();
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  if (frame.getFileName() !== BUNDLE || line === null || column === null) return text;
  const entry = readMap()?.findEntry(line - 1, column - 1);
  if (!entry || !("originalSource" in entry) || !entry.originalSource) return text;
  const { originalSource, originalLine, originalColumn } = entry;
  const place = `${resolve(dirname(BUNDLE), originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  return text.replace(`${BUNDLE}:${line}:${column}`, () => place);
}

/**
 * Returns undefined if the source map cannot be read, for example because no file descriptor is free. The
 * stack trace is then shown without source lines.
 */
function readMap(): SourceMap | undefined {
  try {
    map ??= new SourceMap(JSON.parse(readFileSync(`${BUNDLE}.map`, "utf8")));
    return map;
  } catch {
    return undefined;
  }
}
