import { AsyncResource } from "node:async_hooks";
import { afterAll, expect, test } from "@jest/globals";
import { oldGarbageOf } from "../testing/old-garbage.ts";
import { useLeanBind } from "./lean-bind.ts";

const COUNT = 10_000;

const { bind } = AsyncResource.prototype;
afterAll(() => {
  AsyncResource.prototype.bind = bind;
});

/** Binds a function whose closure retains a kilobyte. */
function bindOne(): void {
  const data = new Array(128).fill(0);
  new AsyncResource("TEST").bind(() => data);
}

test("Node's bound functions become old garbage, and ours do not", () => {
  const garbage = oldGarbageOf(COUNT, bindOne);
  expect(garbage).toBeGreaterThan(COUNT * 500);
  useLeanBind();
  expect(oldGarbageOf(COUNT, bindOne)).toBeLessThan(garbage / 4);
});

test("a bound function runs in the scope of its resource, with its arguments and its own or the given `this`", () => {
  useLeanBind();
  const resource = new AsyncResource("TEST");
  const seen = function (this: unknown, ...args: unknown[]) {
    return [this, ...args];
  };
  const own = { seen: resource.bind(seen) };
  expect(own.seen(1, 2)).toEqual([own, 1, 2]);
  expect(AsyncResource.bind(seen, "TEST", "given")(3)).toEqual(["given", 3]);
});
