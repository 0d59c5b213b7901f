import { expect, test } from "@jest/globals";
import * as z from "zod";
import { mailOptionsOf, mailSettings } from "./mail-settings.ts";

const MAIL_URL = "smtps://user:password@mail.example.org";
const accepts = (env: object) => z.object(mailSettings).safeParse({ MAIL_URL, ...env }).success;

test.each([
  [{}, true],
  [{ MAIL_URL: "file:///var/mail" }, true],
  [{ MAIL_URL: "https://mail.example.org" }, false],
  [{ MAIL_URL: undefined }, false],
  [{ MAIL_FROM: "no-reply@example.org" }, true],
  [{ MAIL_FROM: "MedConnect <no-reply@example.org>" }, true],
  [{ MAIL_FROM: "MedConnect" }, false],
  [{ MAIL_FROM: "a@example.org\r\nBcc: b@example.org" }, false],
  [{ PUBLIC_URL: "https://app.example.org" }, true],
  [{ PUBLIC_URL: "javascript:alert(1)" }, false],
])("%j is taken: %s", (env, isTaken) => {
  expect(accepts(env)).toBe(isTaken);
});

test("links begin with PUBLIC_URL without a slash at its end", () => {
  const { PUBLIC_URL } = z.object(mailSettings).parse({ MAIL_URL, PUBLIC_URL: "https://example.org/app/" });
  expect(PUBLIC_URL).toBe("https://example.org/app");
});

test("production needs a mail server and a sender; elsewhere there are defaults", () => {
  const set = { MAIL_FROM: "no-reply@example.org", PUBLIC_URL: "https://example.org" };
  const inProduction = (env: object) => () =>
    mailOptionsOf({ NODE_ENV: "production", MAIL_URL, ...set, ...env });
  expect(inProduction({})()).toEqual({ url: MAIL_URL, from: set.MAIL_FROM, publicUrl: set.PUBLIC_URL });
  expect(inProduction({ MAIL_URL: "file:///var/mail" })).toThrow("MAIL_URL names a folder");
  expect(inProduction({ MAIL_FROM: undefined })).toThrow("MAIL_FROM");
  expect(mailOptionsOf({ MAIL_URL }).publicUrl).toBe("http://localhost:8080/console");
});

test("without a web app, links lead to the console", () => {
  const set = { NODE_ENV: "production", MAIL_URL, MAIL_FROM: "no-reply@example.org" };
  const linksAt = (API_URL?: string) => () => mailOptionsOf({ ...set, API_URL }).publicUrl;
  expect(linksAt("https://api.example.org")()).toBe("https://api.example.org/console");
  expect(linksAt("http://api.example.org")).toThrow("API_URL must begin with https");
  expect(linksAt()).toThrow("API_URL is required");
});

test.each([
  ["https://app.example.org", true],
  ["http://localhost:8080", true],
  ["http://127.0.0.1", true],
  ["http://[::1]:8080/app", true],
  ["http://app.example.org", false],
  ["http://localhost.example.org", false],
])("production takes links to %s: %s", (PUBLIC_URL, isTaken) => {
  const set = { MAIL_URL, MAIL_FROM: "no-reply@example.org", PUBLIC_URL };
  const start = () => mailOptionsOf({ NODE_ENV: "production", ...set });
  if (isTaken) expect(start().publicUrl).toBe(PUBLIC_URL);
  else expect(start).toThrow("PUBLIC_URL must begin with https");
  expect(mailOptionsOf(set).publicUrl).toBe(PUBLIC_URL);
});

test.each([
  ["smtp://user:p%40ss@mail.example.org:587", "smtp://user:p%40ss@mail.example.org:587?requireTLS=true"],
  ["smtp://user:p@mail.example.org?requireTLS=false", "smtp://user:p@mail.example.org?requireTLS=true"],
  ["smtp://mailpit:1025", "smtp://mailpit:1025"],
])("production asks a mail server that has its password for TLS: %s", (url, asked) => {
  const set = { MAIL_FROM: "no-reply@example.org", PUBLIC_URL: "https://example.org", MAIL_URL: url };
  expect(mailOptionsOf({ NODE_ENV: "production", ...set }).url).toBe(asked);
  expect(mailOptionsOf(set).url).toBe(url);
});
