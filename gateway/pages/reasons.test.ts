import { expect, test } from "@jest/globals";
import { openApiDocument } from "../openapi/document.ts";
import { reasonsOf } from "../openapi/problem-responses.ts";
import { contractRoutes } from "../testing/routes.ts";
import { API_URL } from "../testing/test-gateway.ts";
import { withReasons } from "./browser/reasons.js";

interface Operation {
  operationId: string;
  description: string;
}

const { paths } = withReasons(openApiDocument(contractRoutes, API_URL));
const operations = Object.values<Record<string, Operation>>(paths).flatMap((path) => Object.values(path));

test("the description of an operation links its own reasons, and none of any operation", () => {
  const booking = operations.find(({ operationId }) => operationId === "createBooking");
  expect(booking?.description).toContain("[PATIENT_OVERLAP](/docs/errors#PATIENT_OVERLAP)");
  expect(booking?.description).not.toMatch(/INTERNAL|RATE_LIMITED|UNAUTHENTICATED/);
});

test("each reason of a few operations is in a description", () => {
  const all = contractRoutes.flatMap(reasonsOf);
  const rare = new Set(all.filter((reason) => all.filter((other) => other === reason).length <= 10));
  expect(rare.size).toBeGreaterThan(30);
  const descriptions = operations.map(({ description }) => description).join("\n");
  const missing = [...rare].filter((reason) => !descriptions.includes(`#${reason})`));
  // A response that most operations share names it.
  expect(missing).toEqual(["IDEMPOTENCY_KEY_REQUIRED"]);
});
