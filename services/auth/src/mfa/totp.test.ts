import { expect, test } from "@jest/globals";
import { generateSync } from "otplib";
import { matchingStep, newTotpSecret, totpUri } from "./totp.ts";

/** The secret of RFC 6238's appendix B, "12345678901234567890". */
const RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

test.each([
  [59, "287082"],
  [1111111109, "081804"],
  [1111111111, "050471"],
  [1234567890, "005924"],
  [2000000000, "279037"],
])("accepts the code of RFC 6238 at %i s", (epoch, code) => {
  expect(matchingStep(RFC_SECRET, code, new Date(epoch * 1000))).toBe(Math.floor(epoch / 30));
});

test("accepts the codes of one step before and after, and no others", () => {
  const secret = newTotpSecret();
  const step = 66_000_000;
  const codeOf = (distance: number) => generateSync({ secret, epoch: (step + distance) * 30 });
  for (const second of [0, 29]) {
    const now = new Date((step * 30 + second) * 1000);
    const steps = [-2, -1, 0, 1, 2].map((distance) => matchingStep(secret, codeOf(distance), now));
    expect(steps).toEqual([undefined, step - 1, step, step + 1, undefined]);
  }
});

test.each(["", "12345", "1234567", "12a456", "１２３４５６"])("a code %j is wrong, not an error", (code) => {
  expect(matchingStep(RFC_SECRET, code, new Date())).toBeUndefined();
});

test("a secret has 160 bits, and its URI names the issuer and the account", () => {
  const secret = newTotpSecret();
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  const uri = new URL(totpUri(secret, "jo@example.com"));
  expect(uri.protocol).toBe("otpauth:");
  expect(decodeURIComponent(uri.pathname)).toBe("/MedConnect:jo@example.com");
  expect(uri.searchParams.get("secret")).toBe(secret);
  expect(uri.searchParams.get("issuer")).toBe("MedConnect");
});
