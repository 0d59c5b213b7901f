import { expect, test } from "@jest/globals";
import { gatewaySettings } from "./settings.ts";

test.each([
  ["", true],
  ["https://traces.example.org/trace/{traceId}", true],
  ['https://grafana.example.org/explore?left={"traceId":"{traceId}"}', true],
  ["http://localhost:16686/trace/{traceId}", true],
  ["http://127.0.0.1:9469/{traceId}", true],
  ["http://[::1]/{traceId}", true],
  ["https://traces.example.org/", false],
  ["http://traces.example.org/{traceId}", false],
  ["http://localhost.example.org/{traceId}", false],
  ["https://user:password@traces.example.org/{traceId}", false],
  ["javascript:alert('{traceId}')", false],
  ["{traceId}", false],
])("TRACE_URL_TEMPLATE=%s is taken: %s", (url, isTaken) => {
  expect(gatewaySettings.TRACE_URL_TEMPLATE.safeParse(url).success).toBe(isTaken);
});
