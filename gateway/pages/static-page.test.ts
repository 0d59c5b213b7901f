import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import express from "express";
import { StaticPage } from "./static-page.ts";

let made: number;
let fails: boolean;
let server: Server;

beforeEach(async () => {
  made = 0;
  fails = false;
  const page = new StaticPage("text/plain", 60, async () => {
    made += 1;
    if (fails) throw new Error("no file descriptor is free");
    return `made ${made}`;
  });
  const app = express();
  app.get("/", (request, response) => page.send(request, response));
  // Express prints errors unless a handler takes them.
  app.use((_error: unknown, _request: express.Request, response: express.Response, _next: () => void) => {
    response.status(500).end();
  });
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  await once(server.close(), "close");
});

async function read(coding: string) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await fetch(url, { headers: { "accept-encoding": coding } });
  return { status: answer.status, text: await answer.text() };
}

test("a page is made at the first request for each coding, and answered from memory after it", async () => {
  const first = await Promise.all(Array.from({ length: 20 }, () => read("br")));
  expect(first).toEqual(Array(20).fill({ status: 200, text: "made 1" }));
  expect(await read("br")).toEqual({ status: 200, text: "made 1" });
  expect(await read("gzip")).toEqual({ status: 200, text: "made 2" });
  await Promise.all(["br", "gzip", "br", "gzip"].map(read));
  expect(made).toBe(2);
});

test("a page that could not be made is made at the next request", async () => {
  fails = true;
  expect((await read("br")).status).toBe(500);
  fails = false;
  expect(await read("br")).toEqual({ status: 200, text: "made 2" });
  await read("br");
  expect(made).toBe(2);
});
