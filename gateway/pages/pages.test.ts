import { readdirSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import { openApiDocument } from "../openapi/document.ts";
import { contractRoutes } from "../testing/routes.ts";
import { API_URL, DEMO, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";
import { scalarModules } from "./scalar.ts";

const GUIDES = join(import.meta.dirname, "../../docs/guides");
const PATHS = [
  "/docs",
  "/docs/",
  "/docs/errors",
  "/docs/guides/",
  "/docs/guides/book",
  "/docs/guides/book.md",
  "/openapi.json",
  "/llms.txt",
];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

test("health and readiness are plain text", async () => {
  expect(await gateway.send("GET", "/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await gateway.send("GET", "/readyz")).toMatchObject({ status: 200, text: "ready\n" });
});

test.each([
  ["/", "/docs/"],
  ["/docs/guides", "/docs/guides/"],
])("%s leads to %s", async (path, location) => {
  const answer = await gateway.send("GET", path);
  expect(answer).toMatchObject({ status: 302, headers: { location } });
});

describe("every page", () => {
  test.each(PATHS)(
    "%s is compressed as the client accepts it, with a validator for each coding",
    async (path) => {
      const plain = await gateway.send("GET", path);
      expect(plain.headers["content-encoding"]).toBeUndefined();
      const etags = [plain.headers.etag];
      for (const [coding, decode] of [
        ["br", brotliDecompressSync],
        ["gzip", gunzipSync],
      ] as const) {
        const { headers, bytes } = await fetchIn(coding, path);
        expect(headers["content-encoding"]).toBe(coding);
        expect(headers.vary).toContain("Accept-Encoding");
        expect(decode(bytes).toString()).toBe(plain.text);
        etags.push(headers.etag);
      }
      expect(new Set(etags).size).toBe(3);
      const again = await gateway.send("GET", path, {
        headers: { "if-none-match": String(plain.headers.etag) },
      });
      expect(again).toMatchObject({ status: 304, text: "" });
    },
  );

  test.each([...PATHS, "/", "/.well-known/security.txt"])("%s can only be read", async (path) => {
    const refused = await gateway.send("POST", path);
    expect(refused).toMatchObject({ status: 405, headers: { allow: "GET, HEAD, OPTIONS" } });
    expect((await gateway.send("OPTIONS", path)).status).toBe(204);
    expect(await gateway.send("HEAD", path)).toMatchObject({ text: "" });
  });
});

describe("the page of operations", () => {
  test("loads only files of this host, which exist", async () => {
    const { text } = await gateway.send("GET", "/docs/");
    const urls = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) =>
      String(url).replace(API_URL, "").replace(/#.*/, ""),
    );
    expect(urls.filter((url) => !url.startsWith("/"))).toEqual([]);
    for (const url of urls) expect([url, (await gateway.send("GET", url)).status]).toEqual([url, 200]);
  });

  test("has the introduction, which readers see before any script has run", async () => {
    const { text } = await gateway.send("GET", "/docs/");
    expect(text).toContain("<ol>");
    expect(text).toContain('<a href="/docs/#tag/book/POST/v1/bookings">createBooking</a>');
  });

  test("leads to each task, also before any script has run", async () => {
    const { text } = await gateway.send("GET", "/docs/");
    const tags = openApiDocument(contractRoutes, API_URL).tags as { name: string }[];
    expect(tags.length).toBeGreaterThan(5);
    for (const { name } of tags)
      expect(text).toContain(`<a href="/docs/#tag/${name.toLowerCase().replaceAll(" ", "-")}">${name}</a>`);
  });

  test("names the modules that Scalar begins with, which browsers keep", async () => {
    const [chunk = ""] = scalarModules();
    expect(scalarModules().length).toBeGreaterThan(5);
    expect((await gateway.send("GET", "/docs/")).text).toContain(
      `data-modules="${scalarModules().join(" ")}"`,
    );
    const { headers } = await gateway.send("GET", chunk);
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  });

  test("offers the demo accounts, escaped", async () => {
    const { text } = await gateway.send("GET", "/docs/");
    expect(text).toContain(`<option>${DEMO.emails[0]}</option>`);
    expect(text).toContain('data-password="not &quot;secret&quot;"');
  });

  test("runs no inline script", async () => {
    const { text, headers } = await gateway.send("GET", "/docs/");
    expect(text).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/);
    expect(headers["content-security-policy"]).not.toMatch(/script-src|unsafe-eval/);
  });
});

describe("guides", () => {
  const { tags = [] } = openApiDocument(contractRoutes, API_URL);
  const urls = (tags as { externalDocs: { url: string } }[]).map(({ externalDocs }) => externalDocs.url);
  const ofTasks = urls.map((url) => url.slice(`${API_URL}/docs/guides/`.length));
  const names = [...ofTasks, "conventions"];

  test("each task has one, and so have the conventions", () => {
    const files = readdirSync(GUIDES).filter((file) => file !== "README.md");
    expect(names.map((name) => `${name}.md`).sort()).toEqual(files.sort());
  });

  test.each(names)("%s is a page for people, and Markdown for programs", async (name) => {
    const page = await gateway.send("GET", `/docs/guides/${name}`);
    expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'self';/);
    const markdown = await gateway.send("GET", `/docs/guides/${name}.md`);
    expect(markdown.headers["content-type"]).toBe("text/markdown; charset=utf-8");
    const [, title = ""] = /^# (.+)\n/.exec(markdown.text) ?? [];
    expect(page.text).toContain(`<title>${title} · MedConnect API</title>`);
    expect((await gateway.send("GET", "/llms.txt")).text).toContain(`(${API_URL}/docs/guides/${name}.md)`);
  });

  test.each(["", ...names])(
    "every link of /docs/guides/%s within this host leads somewhere",
    async (name) => {
      const { text } = await gateway.send("GET", `/docs/guides/${name}`);
      const paths = [...text.matchAll(/href="(\/[^"#]*)/g)].map(([, path = ""]) => path);
      for (const path of new Set(paths))
        expect([path, (await gateway.send("GET", path)).status]).toEqual([path, 200]);
    },
  );

  test("they link operations, and call the deployment", async () => {
    const { text } = await gateway.send("GET", "/docs/guides/sign-in.md");
    expect(text).toContain("[`verifyMfa`](/docs/#tag/sign-in/POST/v1/auth/login/verifyMfa)");
    expect(text).toContain(`curl -s ${API_URL}/v1/auth/login`);
    expect(text).not.toContain("localhost");
  });

  test("they name operations, fields, reasons and settings that exist", () => {
    const document = JSON.stringify(openApiDocument(contractRoutes, API_URL));
    const settings = readFileSync(join(GUIDES, "../settings.md"), "utf8");
    const isKnown = (word: string) =>
      document.includes(`"${word}"`) || settings.includes(`\`${word}\``) || catalogue.has(word);
    for (const name of readdirSync(GUIDES)) {
      const words = readFileSync(join(GUIDES, name), "utf8").matchAll(
        /`([a-z]+[A-Z]\w*|[A-Z]+(?:_[A-Z]+)+)`/g,
      );
      expect([name, [...words].map(([, word = ""]) => word).filter((word) => !isKnown(word))]).toEqual([
        name,
        [],
      ]);
    }
  });
});

test("without demo accounts the page offers none, and without a contact there is no security.txt", async () => {
  const plain = await startTestGateway({ demo: { emails: [], password: "" }, securityContacts: [] });
  expect((await plain.send("GET", "/docs/")).text).not.toContain("<form");
  expect(await plain.send("GET", "/.well-known/security.txt")).toMatchObject({
    status: 404,
    json: { detail: "There is no contact. The operator sets SECURITY_CONTACT." },
  });
  await plain.close();
});

test("security.txt has what RFC 9116 requires", async () => {
  const { status, text, headers } = await gateway.send("GET", "/.well-known/security.txt");
  expect([status, headers["content-type"]]).toEqual([200, "text/plain; charset=utf-8"]);
  expect(text).toMatch(/^Contact: mailto:security@example\.org\nExpires: (.+)\n/);
  const [, expires = ""] = /^Expires: (.+)$/m.exec(text) ?? [];
  const days = (Date.parse(expires) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(30);
  expect(days).toBeLessThan(365);
  expect(text).toContain(`Canonical: ${API_URL}/.well-known/security.txt\n`);
});

test("the type of a problem leads to its reason on the page of errors", async () => {
  const { json } = await gateway.send("GET", "/v1/nothing");
  const type = new URL(String(json.type));
  expect(`${type.origin}${type.pathname}`).toBe(`${API_URL}/docs/errors`);
  const page = await gateway.send("GET", type.pathname);
  expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
  expect(page.text).toContain(`<section id="${type.hash.slice(1)}">`);
});

test("the page of errors has a section for each reason with a cure, and no script", async () => {
  const { text } = await gateway.send("GET", "/docs/errors");
  const sections = [...text.matchAll(/<section id="(\w+)">/g)].map(([, reason]) => reason);
  expect(sections).toEqual([...catalogue.keys()]);
  expect(text.match(/<dt>Cause<\/dt><dd>./g)).toHaveLength(catalogue.size);
  expect(text).toContain('<a href="/docs/#tag/book/POST/v1/bookings/{bookingId}/cancel">cancelBooking</a>');
  expect(text).not.toMatch(/<script|\son\w+=/);
});

test("the OAuth metadata names the deployment's endpoints, and comes from the contract", async () => {
  const { status, json, headers } = await gateway.send("GET", "/.well-known/oauth-authorization-server");
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(json).toEqual({
    issuer: API_URL,
    token_endpoint: `${API_URL}/v1/auth/token`,
    jwks_uri: `${API_URL}/.well-known/jwks.json`,
    scopes_supported: [
      "admin.audit_events.read",
      "admin.stats.read",
      "billing.payments.read",
      "scheduling.bookings.read",
    ],
    response_types_supported: [],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"],
    service_documentation: `${API_URL}/docs/`,
  });
  const wrong = await gateway.send("POST", "/.well-known/oauth-authorization-server");
  expect(wrong).toMatchObject({ status: 405, headers: { allow: "GET, HEAD, OPTIONS" } });
});

/** Fetches a page in a content coding. The bytes are still encoded. */
async function fetchIn(coding: string, path: string) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { port: gateway.port, path, headers: { "accept-encoding": coding } };
    get(options, resolve).on("error", reject);
  });
  return { headers: answer.headers, bytes: await buffer(answer) };
}
