import { expect, test } from "@jest/globals";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { type Commit, GroupQueue, type Member } from "./group-queue.ts";

const MEMBER: Member = { rows: ["a"], actorId: "someone", context: ROOT_CONTEXT };

test("a change that has lost a row fails when it runs alone, after its group could not find the row", async () => {
  const shared: boolean[] = [];
  const commit: Commit<Member, "saved"> = async (members, isShared) => {
    shared.push(isShared);
    return { outcomes: new Map(members.map((member) => [member, "MISSING"])), delivered: Promise.resolve() };
  };
  await expect(new GroupQueue(commit).run(MEMBER)).rejects.toThrow("a change has lost one of its rows");
  expect(shared).toEqual([true, false]);
});
