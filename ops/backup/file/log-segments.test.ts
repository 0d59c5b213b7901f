import { expect, test } from "@jest/globals";

import { type LogSegment, segmentAt, segmentName } from "./log-segments.ts";

const segment = (file: string, from: number, to: number): LogSegment => ({
  path: segmentName({ file, from, to }),
  file,
  from,
  to,
});

const SEGMENTS = [
  segment("binlog.000009", 4, 500),
  segment("binlog.000009", 500, 900),
  segment("binlog.000010", 4, 100),
  segment("binlog.000010", 4, 300),
  segment("binlog.000010", 300, 400),
];

test.each([
  ["in a segment", "binlog.000009", 200, "binlog.000009.4-500.age"],
  ["at the end of a segment", "binlog.000009", 500, "binlog.000009.500-900.age"],
  ["at the end of a file, of two copies the longer one", "binlog.000009", 900, "binlog.000010.4-300.age"],
  ["at the end of the archive", "binlog.000010", 400, undefined],
])("%s", (_, file, offset, expected) => {
  expect(segmentAt(SEGMENTS, { file, offset })?.path).toBe(expected);
});

test.each([
  ["a part of a file", [SEGMENTS[0]!, segment("binlog.000009", 700, 900)], 500],
  ["the start of the next file", [SEGMENTS[0]!, segment("binlog.000010", 200, 900)], 500],
  ["a whole file", [SEGMENTS[0]!, segment("binlog.000011", 4, 900)], 500],
])("a gap is refused: %s", (_, segments, offset) => {
  expect(() => segmentAt(segments, { file: "binlog.000009", offset })).toThrow(
    /^The archive of the log has nothing between binlog\.000009:500 and /,
  );
});
