import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "@jest/globals";
import express from "express";
import pino from "pino";
import { TrustedProxies } from "./client-address.ts";

const trusting = (trustProxy: number | string[]) =>
  express().set("trust proxy", trustProxy).get("trust proxy fn");

function requestFrom(peer: string, headers: Record<string, string>): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  return Object.assign(new IncomingMessage(socket), { headers });
}

const PROXIES = ["10.0.0.0/8"];

test.each<[string, number | string[], string, string]>([
  ["1.2.3.4", [], "10.0.0.1", "10.0.0.1"],
  ["1.2.3.4", PROXIES, "8.8.8.8", "8.8.8.8"],
  ["1.2.3.4", PROXIES, "10.0.0.1", "1.2.3.4"],
  ["6.6.6.6, 1.2.3.4 ,10.0.0.2", PROXIES, "10.0.0.1", "1.2.3.4"],
  ["10.0.0.3,10.0.0.2", PROXIES, "10.0.0.1", "10.0.0.3"],
  ["6.6.6.6, 1.2.3.4", 1, "10.0.0.1", "1.2.3.4"],
  ["6.6.6.6, 1.2.3.4", 2, "10.0.0.1", "6.6.6.6"],
  [",, 2001:db8::1,", PROXIES, "10.0.0.1", "2001:db8::1"],
  ["unknown", PROXIES, "10.0.0.1", "10.0.0.1"],
  ["", PROXIES, "10.0.0.1", "10.0.0.1"],
])(
  "X-Forwarded-For: %s with TRUST_PROXY %j from %s is the client %s",
  (forwarded, trustProxy, peer, client) => {
    const proxies = new TrustedProxies(trusting(trustProxy), pino({ level: "silent" }));
    expect(proxies.addressOf(requestFrom(peer, { "x-forwarded-for": forwarded }))).toBe(client);
  },
);

test("only a trusted proxy sets the scheme", () => {
  const proxies = new TrustedProxies(trusting(PROXIES), pino({ level: "silent" }));
  const headers = { "x-forwarded-proto": "HTTPS, http" };
  expect(proxies.schemeOf(requestFrom("10.0.0.1", headers))).toBe("https");
  expect(proxies.schemeOf(requestFrom("8.8.8.8", headers))).toBe("http");
  // A proxy that appends to the header forwards any text of the client.
  expect(proxies.schemeOf(requestFrom("10.0.0.1", { "x-forwarded-proto": "<script>, https" }))).toBe("http");
});

test("the first X-Forwarded-For of an untrusted peer logs a warning", () => {
  const lines: string[] = [];
  const proxies = new TrustedProxies(trusting(PROXIES), pino({}, { write: (line) => lines.push(line) }));
  for (const peer of ["10.0.0.1", "8.8.8.8", "8.8.8.8"])
    proxies.addressOf(requestFrom(peer, { "x-forwarded-for": "1.2.3.4" }));
  expect(lines).toEqual([expect.stringContaining("TRUST_PROXY")]);
});
