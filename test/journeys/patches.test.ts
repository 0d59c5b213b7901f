import { beforeAll, describe, expect, test } from "@jest/globals";
import { ApiDescription } from "../properties/openapi.ts";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const WRITES_OF_A_FIELD = 12;
const api = new Api(sharedStack().urls.gateway);

interface Resource {
  open: () => Promise<{ owner: Account; path: string }>;
  /** Value of each field for a write. */
  fields: Record<string, (write: number) => unknown>;
}

/** Every PATCH of the contract. */
const RESOURCES: Record<string, Resource> = {
  "/v1/users/me": {
    open: async () => ({ owner: await signUp(api, "PATIENT"), path: "/v1/users/me" }),
    fields: {
      fullName: (write) => `Paula ${write}`,
      phone: (write) => `+4930123456${10 + write}`,
      dateOfBirth: (write) => `1980-01-${10 + write}`,
    },
  },
  "/v1/doctors/{doctorId}": {
    open: async () => {
      const owner = await openPractice(api);
      return { owner, path: `/v1/doctors/${owner.id}` };
    },
    fields: {
      specialty: (write) => `Specialty ${write}`,
      bio: (write) => `Bio ${write}`,
      fee: (write) => ({ currencyCode: "USD", amountMinor: `${1000 + write}` }),
    },
  },
};

test("this file tests every PATCH of the contract", async () => {
  const { operations } = await ApiDescription.fetch(api);
  const paths = operations.filter(({ method }) => method === "PATCH").map(({ path }) => path);
  expect(Object.keys(RESOURCES).toSorted()).toEqual(paths.toSorted());
});

describe.each(Object.entries(RESOURCES))("PATCH %s", (_, { open, fields }) => {
  let owner: Account;
  let path: string;
  const writes = Object.entries(fields).flatMap(([field, valueFor]) =>
    Array.from({ length: WRITES_OF_A_FIELD }, (_, write): [string, unknown] => [field, valueFor(write)]),
  );

  beforeAll(async () => {
    ({ owner, path } = await open());
  });

  const patch = (field: string, value: unknown, etag?: unknown) =>
    owner.api.send(`PATCH ${path}?updateMask=${field}`, { body: { [field]: value, etag } });

  test("without an etag all concurrent writes succeed, and each field has one of the written values", async () => {
    const answers = await Promise.all(writes.map(([field, value]) => patch(field, value)));
    expect(answers.map(({ status }) => status)).toEqual(writes.map(() => 200));
    const after = await owner.api.ok(`GET ${path}`);
    for (const field of Object.keys(fields)) {
      const written = writes.filter(([name]) => name === field).map(([, value]) => value);
      expect(written).toContainEqual(after[field]);
    }
  });

  test("with one etag one of many concurrent writes succeeds, and the others are 412", async () => {
    const { etag } = await owner.api.ok(`GET ${path}`);
    // Values that the resource does not have yet: a write that changes nothing raises no version.
    const [field, valueFor] = Object.entries(fields)[0]!;
    const values = Array.from({ length: WRITES_OF_A_FIELD }, (_, write) =>
      valueFor(WRITES_OF_A_FIELD + write),
    );
    const answers = await Promise.all(values.map((value) => patch(field, value, etag)));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...values.slice(1).map(() => 412)]);
  });

  test("answers as GET does", async () => {
    const [field, valueFor] = Object.entries(fields).at(-1)!;
    const patched = (await patch(field, valueFor(3))).body;
    expect(await owner.api.ok(`GET ${path}`)).toEqual(patched as Json);
  });
});
