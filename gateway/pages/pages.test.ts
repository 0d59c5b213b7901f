import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import { API_URL, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

test("health and readiness are plain text", async () => {
  expect(await gateway.send("GET", "/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await gateway.send("GET", "/readyz")).toMatchObject({ status: 200, text: "ready\n" });
});

test("the root leads to the documentation", async () => {
  const answer = await gateway.send("GET", "/");
  expect(answer).toMatchObject({ status: 302, headers: { location: "/docs/" } });
});

test("the type of a problem leads to its reason on the page of errors", async () => {
  const { json } = await gateway.send("GET", "/v1/nothing");
  const type = new URL(String(json.type));
  expect(`${type.origin}${type.pathname}`).toBe(`${API_URL}/docs/errors`);
  const page = await gateway.send("GET", type.pathname);
  expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
  expect(page.text).toContain(`<section id="${type.hash.slice(1)}">`);
});

test("the page of errors has a section for each reason, and no script", async () => {
  const { text } = await gateway.send("GET", "/docs/errors");
  const sections = [...text.matchAll(/<section id="(\w+)">/g)].map(([, reason]) => reason);
  expect(sections).toEqual([...catalogue.keys()]);
  expect(text).not.toMatch(/<script|\son\w+=/);
});
