import { expect, test } from "@jest/globals";
import { conditionOf, type Search } from "./search.ts";
import { spanOf } from "./testing/span-of.ts";
import { traceOf } from "./waterfall.ts";

const trace = (name: string, status: string, durationMs: number) =>
  traceOf(name, [
    spanOf({ name, durationMs, attributes: status ? { "http.response.status_code": status } : {} }),
  ]);
const TRACES = [
  trace("POST /v1/bookings", "201", 48),
  trace("POST /v1/bookings/{bookingId}:cancel", "409", 12.5),
  trace("GET /v1/users/me", "401", 3),
  trace("process payment", "", 500),
];

test.each<[Search, number[]]>([
  [{}, [0, 1, 2, 3]],
  [{ route: "", status: "", minMs: "" }, [0, 1, 2, 3]],
  [{ route: "BOOKINGS" }, [0, 1]],
  [{ route: "{bookingId}:" }, [1]],
  [{ status: "4xx" }, [1, 2]],
  [{ status: "409" }, [1]],
  [{ status: "500" }, []],
  [{ minMs: "48" }, [0, 3]],
  [{ route: "v1", status: "4xx", minMs: "10" }, [1]],
])("%j finds the traces %j", (search, found) => {
  expect(TRACES.filter(conditionOf(search))).toEqual(found.map((i) => TRACES[i]));
});

test.each<[Search, string]>([
  [{ status: "40" }, 'The status must be such as 409 or 4xx, not "40".'],
  [{ status: "4XX|" }, 'The status must be such as 409 or 4xx, not "4XX|".'],
  [{ minMs: "-1" }, 'The duration must be a number of milliseconds, not "-1".'],
  [{ minMs: "1s" }, 'The duration must be a number of milliseconds, not "1s".'],
])("%j is refused", (search, problem) => {
  expect(() => conditionOf(search)).toThrow(problem);
});
