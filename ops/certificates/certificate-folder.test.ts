import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type CertificateOptions, ensureCertificates, filesIn, PROCESSES } from "./certificate-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medconnect-certs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ensure = (options: Partial<CertificateOptions> = {}) =>
  ensureCertificates(folder, { days: 90, renew: false, ...options });
const certificateOf = (name: string) => new X509Certificate(readFileSync(filesIn(join(folder, name)).cert));
const contentOf = (name: string) =>
  Object.values(filesIn(join(folder, name))).map((file) => readFileSync(file, "utf8"));

test("each process gets a certificate of the CA for its own name only", async () => {
  await ensure();
  const ca = new X509Certificate(readFileSync(join(folder, "ca/ca.crt")));
  expect(ca.ca).toBe(true);
  for (const name of PROCESSES) {
    const certificate = certificateOf(name);
    expect([certificate.verify(ca.publicKey), certificate.ca]).toEqual([true, false]);
    expect(PROCESSES.filter((host) => certificate.checkHost(host))).toEqual([name]);
  }
});

test("a service's certificate has local and further names; a client's has its own name only", async () => {
  await ensure({ clients: ["ehr"], altNames: ["billing.internal", "10.1.2.3"] });
  const billing = certificateOf("billing");
  for (const host of ["billing", "localhost", "billing.internal"]) expect(billing.checkHost(host)).toBe(host);
  for (const ip of ["127.0.0.1", "::1", "10.1.2.3"]) expect(billing.checkIP(ip)).toBe(ip);
  const ehr = certificateOf("clients/ehr");
  expect([ehr.checkHost("ehr"), ehr.checkHost("localhost")]).toEqual(["ehr", undefined]);
  // OIDs of the extended key usages id-kp-serverAuth and id-kp-clientAuth (RFC 5280 §4.2.1.12).
  expect(billing.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  expect(ehr.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
});

test("only their owner can read the keys", async () => {
  await ensure();
  for (const file of [...PROCESSES.map((name) => `${name}/tls.key`), "ca/ca.key"]) {
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o400);
  }
});

test("existing certificates stay when a client is added", async () => {
  await ensure();
  const before = contentOf("auth");
  const outcomes = await ensure({ clients: ["lab"], renew: true });
  expect(contentOf("auth")).toEqual(before);
  expect(outcomes.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    ...PROCESSES.map((name) => `${name} kept`),
    "lab made",
  ]);
});

test("--renew replaces only certificates in the last third of their lifetime", async () => {
  await ensure({ days: 29 });
  rmSync(join(folder, "billing"), { recursive: true });
  await ensure();
  const [auth, billing] = [certificateOf("auth"), certificateOf("billing")];
  expect(new Set((await ensure()).map(({ outcome }) => outcome))).toEqual(new Set(["kept"]));
  const renewed = (await ensure({ renew: true })).filter(({ outcome }) => outcome === "renewed");
  expect(renewed.map(({ name }) => name)).toEqual(["auth", "scheduling", "clinical", "gateway"]);
  expect(certificateOf("auth").validToDate.getTime()).toBeGreaterThan(auth.validToDate.getTime());
  expect(certificateOf("auth").publicKey.equals(auth.publicKey)).toBe(false);
  expect(certificateOf("billing").fingerprint256).toBe(billing.fingerprint256);
});

test.each(["auth", "gateway", "", "EHR", "../x", "a.b"])("refuses %p as a client's name", async (name) => {
  await expect(ensure({ clients: [name] })).rejects.toThrow(name);
});

test.each([...PROCESSES, "Billing", "billing.", "*", "*.internal", "b*", "x, DNS:billing", ""])(
  "refuses %p as a further name of the services",
  async (name) => {
    await expect(ensure({ altNames: ["billing.internal", name] })).rejects.toThrow(`"${name}"`);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test("the command prints the wrong name and exits with 1", async () => {
  const command = [join(import.meta.dirname, "../certs.ts"), "--dir", folder, "--san", "auth"];
  const ended = promisify(execFile)(process.execPath, command);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^"auth" is one of this system's processes; [^\n]+\n$/),
  });
});
