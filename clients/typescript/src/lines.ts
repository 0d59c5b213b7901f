import type { Deadline } from "./deadline.ts";

/**
 * Reads lines of JSON (NDJSON) as they arrive. `deadline` limits the time for each part of the answer, without
 * the time that the reader of the lines takes.
 *
 * @returns `nextPageToken` of the last line. Throws if that line is missing, because the answer is then
 *   incomplete.
 */
export async function* readLines<Item>(
  { body }: Response,
  deadline: Deadline,
): AsyncGenerator<Item, string, undefined> {
  let end: string | undefined;
  for await (const line of textLines(body, deadline)) {
    const item = JSON.parse(line);
    end = Object.keys(item).join() === "nextPageToken" ? item.nextPageToken : undefined;
    if (end === undefined) yield item;
  }
  if (end === undefined) throw new Error("the answer ended early");
  return end;
}

async function* textLines(
  body: ReadableStream<Uint8Array> | null,
  deadline: Deadline,
): AsyncGenerator<string, void, undefined> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  try {
    for (;;) {
      deadline.extend();
      const { value } = (await reader?.read()) ?? {};
      deadline.end();
      const lines = (begun + decoder.decode(value, { stream: value !== undefined })).split("\n");
      begun = value === undefined ? "" : (lines.pop() ?? "");
      yield* lines.filter((line) => line !== "");
      if (value === undefined) return;
    }
  } finally {
    deadline.end();
    // Frees the connection if the caller stops reading.
    reader?.cancel().catch(() => {});
  }
}
