import { expect, test } from "@jest/globals";
import { webTokens } from "./token-store.ts";

const TOKENS = { accessToken: "a", refreshToken: "r", expireTimeMs: 1, refreshKey: "k" };

function storage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
    removeItem: (key: string) => items.delete(key),
  };
}

test("a Web storage keeps the tokens under one name", async () => {
  const shared = storage();
  await webTokens(shared, "mine").write(TOKENS);
  expect(await webTokens(shared, "mine").read()).toEqual(TOKENS);
  expect([...shared.items.keys()]).toEqual(["mine"]);
  await webTokens(shared, "mine").write(undefined);
  expect(await webTokens(shared, "mine").read()).toBeUndefined();
});

test.each([
  ["with Web Locks", navigator],
  ["without Web Locks", {}],
])("tasks of one storage run one after the other %s", async (_title, ownNavigator) => {
  const real = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: ownNavigator, configurable: true });
  const tokens = webTokens(storage());
  if (real) Object.defineProperty(globalThis, "navigator", real);
  const order: string[] = [];
  const task = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise(setImmediate);
    order.push(`${name} ends`);
  };
  await Promise.all([tokens.lock(task("a")), tokens.lock(task("b"))]);
  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("a task that fails frees the lock", async () => {
  const tokens = webTokens(storage());
  await expect(tokens.lock(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await tokens.lock(async () => "next")).toBe("next");
});
