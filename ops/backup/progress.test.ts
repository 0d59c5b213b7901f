import { expect, test } from "@jest/globals";
import { pace } from "./progress.ts";

test.each([
  [2e6, 4100, "4.1 s"],
  [99e6, 60_000, "60.0 s"],
  [500e6, 60_000, "60.0 s, 2.0 min per GB"],
])("%d bytes in %d ms are told as %s", (bytes, durationMs, text) => {
  expect(pace(bytes, durationMs)).toBe(text);
});
