import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { DAY_MS, offer, publish } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const api = new Api(sharedStack().urls.gateway);

describe("finding a doctor", () => {
  const word = `Zx${randomUUID().slice(0, 8)}`;
  let doctor: Account;

  beforeAll(async () => {
    doctor = await signUp(api, "DOCTOR");
    const specialty = `Rheumatology ${word}`;
    await publish(doctor, { specialty, bio: `Writes about ${word} joints`, languages: ["de", "pt-BR"] });
  });

  const find = async (query: Record<string, string>): Promise<Json[]> => {
    const { doctors } = await api.ok(`GET /v1/doctors?${new URLSearchParams(query)}`);
    return doctors as Json[];
  };
  const idsOf = (doctors: Json[]) => doctors.map(({ id }) => id);

  test.each<[string, Record<string, string>]>([
    ["a word of the profile", { query: word }],
    ["the beginning of a word, in any case", { query: word.slice(0, 9).toUpperCase() }],
    ["words out of different fields", { query: `${word} rheum joints` }],
    ["the specialty, in any case", { specialty: `RHEUMATOLOGY ${word}`.toLowerCase() }],
    ["a language, in any case", { query: word, language: "PT-br" }],
  ])("works by %s", async (_by, query) => {
    expect(idsOf(await find(query))).toEqual([doctor.id]);
  });

  test.each<[string, Record<string, string>]>([
    ["one word more than matches", { query: `${word} cardiology` }],
    ["a specialty that only begins so", { specialty: "Rheumatology" }],
    ["another language", { query: word, language: "fr" }],
  ])("does not find by %s", async (_by, query) => {
    expect(idsOf(await find(query))).not.toContain(doctor.id);
  });

  test("shows the next open slot, and filters by it", async () => {
    expect(await find({ query: word })).toEqual([
      expect.not.objectContaining({ nextAvailableTime: expect.anything() }),
    ]);
    await offer(doctor, 3 * DAY_MS);
    const { startTime } = await api.client.getSlot({ slotId: await offer(doctor, 2 * DAY_MS) });
    const [found] = await find({ query: word });
    expect(found?.nextAvailableTime).toBe(startTime);

    const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    expect(idsOf(await find({ query: word, availableFrom: inDays(1), availableTo: inDays(2.5) }))).toEqual([
      doctor.id,
    ]);
    expect(await find({ query: word, availableFrom: inDays(4) })).toEqual([]);
  });
});
