import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { ServiceTokens } from "./service-tokens.ts";

const key = randomBytes(32);
const unauthenticated = { reason: "UNAUTHENTICATED" };

test("a token identifies its service, also when it is verified again", async () => {
  const token = await new ServiceTokens("scheduling", [key]).tokenFor("clinical");
  const clinical = new ServiceTokens("clinical", [key]);
  for (let i = 0; i < 2; i++) {
    expect(await clinical.verify(token)).toEqual({ kind: "service", name: "scheduling" });
  }
});

test("a token for another service, under another key or changed is refused, also after a valid one", async () => {
  const made = new ServiceTokens("scheduling", [key]);
  const clinical = new ServiceTokens("clinical", [key]);
  const good = await made.tokenFor("clinical");
  await clinical.verify(good);
  await expect(clinical.verify(await made.tokenFor("billing"))).rejects.toMatchObject(unauthenticated);
  await expect(clinical.verify(`${good.slice(0, -2)}xx`)).rejects.toMatchObject(unauthenticated);
  const stranger = new ServiceTokens("scheduling", [randomBytes(32)]);
  await expect(clinical.verify(await stranger.tokenFor("clinical"))).rejects.toMatchObject(unauthenticated);
});

test("tokens under the old and the new key are accepted during a rotation", async () => {
  const next = randomBytes(32);
  const clinical = new ServiceTokens("clinical", [next, key]);
  for (const keys of [[key], [next]] as const) {
    const token = await new ServiceTokens("billing", keys).tokenFor("clinical");
    expect(await clinical.verify(token)).toEqual({ kind: "service", name: "billing" });
  }
});
