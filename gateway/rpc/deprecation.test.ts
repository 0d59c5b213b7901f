import { expect, test } from "@jest/globals";
import { openApiDocument } from "../openapi/document.ts";
import type { Schema } from "../openapi/json-schema.ts";
import { routeNamed } from "../testing/routes.ts";
import { startTestGateway } from "../testing/test-gateway.ts";
import { deprecationHeaders } from "./deprecation.ts";
import type { Route } from "./routes.ts";

const route = routeNamed("GetDoctor");
const method = {
  ...route.method,
  desc: { ...route.method.desc, deprecated: true },
  rules: { ...route.method.rules, deprecateDate: "2027-03-01", sunsetDate: "2028-03-01" },
};
const deprecated: Route = { ...route, method, headers: deprecationHeaders(method.rules) };

test("every answer of a deprecated method has the dates, also an error", async () => {
  const gateway = await startTestGateway({ routes: [deprecated] });
  const { status, headers } = await gateway.send("GET", "/v1/doctors/no-uuid");
  expect([status, headers.deprecation, headers.sunset]).toEqual([
    503,
    "@1803859200",
    "Wed, 01 Mar 2028 00:00:00 GMT",
  ]);
  await gateway.close();
});

test("other methods have none", () => {
  expect(route.headers).toEqual([]);
});

test("the document marks a deprecated method, with its last day", () => {
  const { paths } = openApiDocument([deprecated], "https://api.example.org");
  expect(((paths as Schema)["/v1/doctors/{doctorId}"] as Schema).get).toMatchObject({
    deprecated: true,
    "x-sunset": "2028-03-01",
  });
});
