import { expect, test } from "@jest/globals";
import { inOrderOfTasks } from "@medconnect/gateway/openapi/tags.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { columnsOf } from "./columns.ts";
import { type Api, readApi } from "./operations.ts";
import { shapeOf } from "./rpcs.ts";

const api = readApi(inOrderOfTasks(contractRoutes));

/** The columns of a list. */
const columnsIn = (id: string, { operations }: Api = api): string[] => {
  const operation = operations.find((each) => each.id === id)!;
  const shape = shapeOf(operation, api);
  return shape.kind === "list" ? columnsOf(operation, shape.items, api) : [];
};

const lists = api.operations.filter((operation) => shapeOf(operation, api).kind === "list");

test.each(lists.map(({ id }) => id))("%s begins with something to read, and ends with the id", (list) => {
  const columns = columnsIn(list);
  expect(columns[0]).toMatch(/([nN]ame|email|status|Time)$/);
  expect(columns.at(-1)).toBe("id");
});

test.each([
  ["listBookings", ["status", "startTime", "doctorName", "patientName", "endTime"]],
  ["listSlots", ["status", "startTime", "endTime", "fee", "doctorId", "id"]],
  ["searchDoctors", ["displayName", "nextAvailableTime", "specialty"]],
  ["listUsers", ["email", "fullName", "status", "role"]],
  ["listRefunds", ["status", "amount", "reason", "createTime", "paymentId", "id"]],
])("%s has names, status and times first, and ids last", (list, expected) => {
  expect(columnsIn(list).slice(0, expected.length)).toEqual(expected);
});
