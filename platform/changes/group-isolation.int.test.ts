import { expect, test } from "@jest/globals";
import { binaryId } from "../db/binary-id.ts";
import { ApiError } from "../errors/api-error.ts";
import { newId } from "../ids/ids.ts";
import { doneOrWaiting } from "../testing/interleaving.ts";
import { NotesTest, noteOf, outcomes, TOO_LONG } from "../testing/notes-test.ts";
import { userCaller } from "../testing/test-service.ts";

const notes = new NotesTest();

test("a request that MySQL refuses fails alone, because each of its group then runs alone", async () => {
  const ids = await notes.insert(5);
  const sent = ids.map((id, i) =>
    notes.send(noteOf(id, newId(), i === 3 ? TOO_LONG : "text"), userCaller("PATIENT")),
  );
  expect(await outcomes(sent)).toEqual(["ok", "ok", "ok", "INTERNAL", "ok"]);
  expect(notes.groups).toEqual([5, 1, 1, 1, 1, 1]);
  expect((await notes.writesOf(ids)).sort()).toEqual([0, 1, 1, 1, 1]);
});

test("a caller whose request failed a group runs alone for a while, and fails no other group", async () => {
  const ids = await notes.insert(6);
  const bad = userCaller("PATIENT");
  const sendAll = (from: number) =>
    outcomes(
      ids.slice(from, from + 3).map((id, i) => {
        return i === 2 ? notes.send(noteOf(id, newId(), TOO_LONG), bad) : notes.send(noteOf(id));
      }),
    );
  expect(await sendAll(0)).toEqual(["ok", "ok", "INTERNAL"]);
  expect(notes.groups).toEqual([3, 1, 1, 1]);
  notes.groups = [];
  expect(await sendAll(3)).toEqual(["ok", "ok", "INTERNAL"]);
  expect(notes.groups.toSorted()).toEqual([1, 2]);
});

test("a request whose row is locked waits alone, and the others do not wait for it", async () => {
  const ids = await notes.insert(5);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: locked } = Promise.withResolvers<void>();
  const holder = notes.service.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM notes WHERE id = ? FOR UPDATE", [binaryId(ids[2]!)]);
    locked();
    await isToEnd;
  });
  await isLocked;
  const sent = ids.map((id) => notes.send(noteOf(id)));
  await Promise.all(sent.filter((_, i) => i !== 2));
  expect((await notes.writesOf(ids)).filter((writes) => writes === 0)).toHaveLength(1);
  end();
  await holder;
  await sent[2];
  // The first transaction took all five notes and skipped the locked one. The second wrote the locked one.
  expect(notes.groups).toEqual([5, 1]);
  expect(await notes.writesOf(ids)).toEqual(ids.map(() => 1));
});

test("of many requests for a locked row, one waits on a connection and the others in the queue", async () => {
  const [locked, free] = await notes.insert(2);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = notes.service.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM notes WHERE id = ? FOR UPDATE", [binaryId(locked!)]);
    lock();
    await isToEnd;
  });
  await isLocked;
  let tries = 0;
  notes.locking = async (asked) => {
    if (asked.some(({ request }) => request.slotId === locked)) tries++;
  };
  const answered: number[] = [];
  const sent = Array.from({ length: 200 }, async (_, i) => {
    await notes.send(noteOf(locked!), userCaller("PATIENT"));
    answered.push(i);
  });
  await doneOrWaiting(notes.service.db, Promise.all(sent));
  // Commits three groups for the free row. After each of them, the queue looks for more work, and must not
  // start another request for the locked row.
  for (let round = 0; round < 3; round++) await notes.send(noteOf(free!));
  // Two tries are expected: one in a group, which skips the locked row, and one alone, which waits for it. On
  // a slow machine, MySQL may end the lock wait, and the request tries again. If the queue let every request
  // for the locked row wait on a connection, eight would try.
  expect(tries).toBeLessThan(6);
  expect(answered).toEqual([]);
  end();
  await holder;
  await Promise.all(sent);
  expect(answered).toEqual(Array.from(sent.keys()));
});

test("at most eight requests of a failed group run alone at once", async () => {
  const [free, ...ids] = await notes.insert(20);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: areMany, resolve: many } = Promise.withResolvers<void>();
  let alone = 0;
  notes.locking = async (asked) => {
    if (asked.length > 1) throw new TypeError("a bug");
    if (asked[0]!.request.slotId === free) return;
    if (++alone === 8) many();
    await isToEnd;
  };
  const sent = [free!, ...ids].map((id) => notes.send(noteOf(id), userCaller("PATIENT")));
  await areMany;
  // Serves ten requests for a free row. After each of them, the queue looks for more work. Without a limit,
  // it would then start further requests of the failed group, and more than eight would run alone.
  for (let round = 0; round < 10; round++) await notes.send(noteOf(free!));
  expect(alone).toBe(8);
  end();
  expect(await outcomes(sent)).toEqual(Array(20).fill("ok"));
});

test("a group whose database does not answer does not delay the next one", async () => {
  const [stuck, ...others] = await notes.insert(4);
  const { promise: isToAnswer, resolve: answer } = Promise.withResolvers<void>();
  const { promise: isStuck, resolve: atStuck } = Promise.withResolvers<void>();
  notes.locking = async ([first]) => {
    if (first!.request.slotId !== stuck) return;
    atStuck();
    await isToAnswer;
  };
  const sent = notes.send(noteOf(stuck!), userCaller("PATIENT"));
  await isStuck;
  expect(await outcomes(others.map((id) => notes.send(noteOf(id), userCaller("PATIENT"))))).toEqual([
    "ok",
    "ok",
    "ok",
  ]);
  expect(await notes.writesOf([stuck!])).toEqual([0]);
  answer();
  await sent;
  expect(notes.groups).toEqual([1, 3]);
});

test("a missing row is decided by its request alone, which waits for locks", async () => {
  const [id] = await notes.insert(1);
  const facts: unknown[] = [];
  const none = newId();
  notes.deciding = ({ request }) => {
    facts.push(request.slotId);
    if (request.slotId === none) throw new ApiError("NOT_FOUND");
  };
  expect(await outcomes([notes.send(noteOf(id!)), notes.send(noteOf(none))])).toEqual(["ok", "NOT_FOUND"]);
  expect(facts).toEqual([id, none]);
  expect(notes.groups).toEqual([2, 1]);
});
