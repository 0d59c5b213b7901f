import { expect, test } from "@jest/globals";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { contractRoutes, unreachableServices } from "../testing/routes.ts";
import { routerOf, routesOf } from "./routes.ts";

test("no two routes of the contract collide", () => {
  expect(() => routerOf(contractRoutes)).not.toThrow();
});

test("every method has a route, except those for other services", () => {
  const routed = new Set(contractRoutes.map(({ method }) => method));
  for (const method of methods.values()) expect(routed.has(method)).toBe(!method.rules.unrouted);
});

test("the location of a created resource has a route to read it", () => {
  const router = routerOf(contractRoutes);
  for (const { method } of contractRoutes.filter(({ method }) => method.rules.creates)) {
    const location = method.rules.location.replace(/\{\w+\}/g, "an-id");
    expect([location, router.match(location)?.targets.has("GET")]).toEqual([location, true]);
  }
});

test("a method without an implementation fails at the start", () => {
  const [composed] = [...methods.values()].filter(({ rules }) => rules.composed);
  const unknown = { ...composed!, path: "/medconnect.admin.v1.AdminService/GetNothing" };
  expect(() => routesOf([unknown], unreachableServices())).toThrow("has no implementation");
  const misplaced = { ...unknown, owner: "nowhere", rules: { ...unknown.rules, composed: false } };
  expect(() => routesOf([misplaced], unreachableServices())).toThrow('no service is called "nowhere"');
});

test("paths have the JSON names of fields", () => {
  expect(contractRoutes.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["/v1/bookings/{bookingId}:cancel", "/v1/doctors/{doctorId}/slots:batchCreate"]),
  );
});

test("a colon and a slash before a verb lead to the same route", () => {
  const router = routerOf(contractRoutes);
  for (const route of contractRoutes.filter(({ template }) => template.verb !== "")) {
    const path = route.path.replaceAll(/\{\w+\}/g, "an-id");
    for (const written of [
      path,
      path.replace(":", "/"),
      path.replace(":", "%3A"),
      path.replace(":", "%3a"),
    ]) {
      const { targets } = router.match(written) ?? {};
      expect([written, targets?.get(route.httpMethod)?.method.name]).toEqual([written, route.method.name]);
    }
  }
});
