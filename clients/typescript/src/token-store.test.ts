import { expect, test } from "@jest/globals";
import { memoryTokens, type TokenStore, webTokens } from "./token-store.ts";

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

/** Two tabs with a storage in common, in a browser with these properties of `navigator`. */
function tabsOf(browser: object) {
  const real = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: browser, configurable: true });
  const shared = storage();
  const tabs = [webTokens(shared), webTokens(shared)] as const;
  if (real) Object.defineProperty(globalThis, "navigator", real);
  return tabs;
}

async function orderOf(first: TokenStore, second: TokenStore): Promise<string[]> {
  const order: string[] = [];
  const task = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise(setImmediate);
    order.push(`${name} ends`);
  };
  await Promise.all([first.lock(task("a")), second.lock(task("b"))]);
  return order;
}
const IN_TURN = ["a begins", "a ends", "b begins", "b ends"];

test("tasks of two tabs run one after the other, by a Web Lock", async () => {
  const lock = memoryTokens().lock;
  const names: string[] = [];
  const request = (name: string, task: () => Promise<unknown>) => {
    names.push(name);
    return lock(task);
  };
  const [first, second] = tabsOf({ locks: { request } });
  expect(await orderOf(first, second)).toEqual(IN_TURN);
  expect(names).toEqual(["medconnect tokens", "medconnect tokens"]);
});

test("tasks of one tab run one after the other, also without Web Locks", async () => {
  const [first] = tabsOf({});
  expect(await orderOf(first, first)).toEqual(IN_TURN);
});

test("a task that fails frees the lock", async () => {
  const tokens = webTokens(storage());
  await expect(tokens.lock(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await tokens.lock(async () => "next")).toBe("next");
});
