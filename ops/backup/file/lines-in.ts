import { StringDecoder } from "node:string_decoder";

const LINE_FEED = 0x0a;

/** Splits a stream of UTF-8 into lines. Throws if the last line has no line feed. */
export async function* linesIn(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      parts.push(decoder.write(chunk.subarray(start, end)));
      yield parts.join("");
      parts = [];
      start = end + 1;
    }
    parts.push(decoder.write(chunk.subarray(start)));
  }
  if (parts.join("") !== "") throw new Error("its last line is incomplete");
}
