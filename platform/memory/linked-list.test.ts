import { expect, test } from "@jest/globals";
import { oldGarbageOf } from "../testing/old-garbage.ts";
import { LinkedList } from "./linked-list.ts";

const COUNT = 20_000;

const itemsOf = <T>(list: LinkedList<T>) => [...list].map(({ item }) => item);

test("items stay in insertion order, wherever others are deleted", () => {
  const list = new LinkedList<number>();
  const links = [0, 1, 2, 3, 4].map((item) => list.add(item));
  for (const [at, left] of [
    [2, [0, 1, 3, 4]],
    [0, [1, 3, 4]],
    [4, [1, 3]],
    [1, [3]],
    [3, []],
  ] as const) {
    expect(list.delete(links[at]!)).toBe(true);
    expect(itemsOf(list)).toEqual(left);
    expect(list.size).toBe(left.length);
  }
  list.add(5);
  expect(itemsOf(list)).toEqual([5]);
});

test("an item is deleted once", () => {
  const list = new LinkedList<string>();
  const link = list.add("a");
  list.add("b");
  expect([list.delete(link), list.delete(link)]).toEqual([true, false]);
  expect(list.size).toBe(1);
});

test("an iteration may delete its current item", () => {
  const list = new LinkedList<number>();
  for (const item of [1, 2, 3]) list.add(item);
  const found = [];
  for (const link of list) {
    list.delete(link);
    found.push(link.item);
  }
  expect(found).toEqual([1, 2, 3]);
  expect(list.size).toBe(0);
});

/**
 * Keeps 16 items in a collection.
 *
 * @returns a function that adds an item of a kilobyte and deletes the oldest item
 */
function churn<Place>(add: (item: unknown) => Place, remove: (place: Place) => void): () => void {
  const addOne = () => add(new Array(128).fill(0));
  const places = Array.from({ length: 16 }, addOne);
  return () => {
    places.push(addOne());
    remove(places.shift()!);
  };
}

test("deleted items are young garbage, unlike those of a Set", () => {
  const set = new Set<unknown>();
  const churnSet = churn(
    (item) => {
      set.add(item);
      return item;
    },
    (item) => set.delete(item),
  );
  const garbage = oldGarbageOf(COUNT, churnSet);
  expect(garbage).toBeGreaterThan(COUNT * 100);

  const list = new LinkedList<unknown>();
  const churnList = churn(
    (item) => list.add(item),
    (link) => list.delete(link),
  );
  expect(oldGarbageOf(COUNT, churnList)).toBeLessThan(garbage / 4);
});
