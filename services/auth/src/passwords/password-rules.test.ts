import { expect, test } from "@jest/globals";
import { assertStrongPassword } from "./password-rules.ts";

const owner = { email: "jane.roe@example.com", fullName: "Jané Roe-Miller" };
const check = (password: string) => () => assertStrongPassword(password, owner);

test.each([
  "correct-demo-passphrase",
  "correct horse battery staple",
  "Tr0ub4dor&3 and more",
  "пароль с пробелами",
  "Susanna walks nine dogs",
])("takes %j", (password) => {
  expect(check(password)).not.toThrow();
});

test.each([
  ["123456789012", "common"],
  ["Password123!", "common, with a little around it"],
  ["P@ssw0rd1234", "common, with a little around it"],
  ["letmeinletmein", "common, repeated"],
  ["QWERTYuiop[]", "common, in capitals"],
  ["aaaaaaaaaaaa", "of one character"],
  ["121212121212", "of two characters"],
  ["abcdefghijklm", "a row"],
  ["zyxwvutsrqponm", "a row backwards"],
  ["jane.roe's secret horse", "holds the e-mail's local part"],
  ["JANE.ROE.MILLER.", "is the name"],
  ["roe1234miller!", "is made of the name's words"],
  ["medconnect2026!", "is our name"],
])("refuses %j: %s", (password) => {
  expect(check(password)).toThrow(expect.objectContaining({ reason: "WEAK_PASSWORD" }));
});

test("a long password takes no long time", () => {
  const startedAt = performance.now();
  const long = { email: `${"ab".repeat(120)}@example.com`, fullName: "a b c d ".repeat(25) };
  assertStrongPassword(`${"xy7".repeat(84)}!?+-`, long);
  expect(performance.now() - startedAt).toBeLessThan(50);
});
