import { expect, test } from "@jest/globals";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { contractRoutes, unreachableServices } from "../testing/routes.ts";
import { routerOf, routesOf } from "./routes.ts";

test("no two routes of the contract collide", () => {
  expect(() => routerOf(contractRoutes)).not.toThrow();
});

test("every method has a route, but those that serve other services", () => {
  const routed = new Set(contractRoutes.map(({ method }) => method));
  for (const method of methods.values()) expect(routed.has(method)).toBe(!method.rules.unrouted);
});

test("what a route creates is found on a route that reads it", () => {
  const router = routerOf(contractRoutes);
  for (const { method } of contractRoutes.filter(({ method }) => method.rules.creates)) {
    const location = method.rules.location.replace(/\{\w+\}/g, "an-id");
    expect([location, router.match(location)?.targets.has("GET")]).toEqual([location, true]);
  }
});

test("a method with a route that nobody serves is found out at the start", () => {
  const [composed] = [...methods.values()].filter(({ rules }) => rules.composed);
  const unknown = { ...composed!, path: "/medconnect.admin.v1.AdminService/GetNothing" };
  expect(() => routesOf([unknown], unreachableServices())).toThrow("has no implementation");
  const misplaced = { ...unknown, owner: "nowhere", rules: { ...unknown.rules, composed: false } };
  expect(() => routesOf([misplaced], unreachableServices())).toThrow('no service is called "nowhere"');
});

test("clients see names as JSON has them", () => {
  expect(contractRoutes.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["/v1/bookings/{bookingId}:cancel", "/v1/doctors/{doctorId}/slots:batchCreate"]),
  );
});
