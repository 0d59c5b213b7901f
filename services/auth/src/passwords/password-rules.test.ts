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
  "dragon 8302 9174 6620",
  "827401937562",
  "definite hijacker",
  "monkey wrench orchestra",
  "12 angry men, 34 pears",
  "kestrel-19-plywood",
  "mein alter Esel heißt 3",
])("takes %j", (password) => {
  expect(check(password)).not.toThrow();
});

test.each([
  ["123456789012", "common"],
  ["Password123!", "common, with a little around it"],
  ["P@ssw0rd1234", "common, with a little around it"],
  ["letmeinletmein", "common, repeated"],
  ["QWERTYuiop[]", "common, in capitals"],
  ["password123456789", "common, with a row that is longer"],
  ["password1234567890", "common, with a row that is longer"],
  ["admin123456789", "common, with a row that is longer"],
  ["welcome123456789", "common, with a row that is longer"],
  ["letmein123456789", "common, with a row that is longer"],
  ["football123456789", "common, with a row that is longer"],
  ["monkey1234567890", "common, with a row that is longer"],
  ["doctor12345678", "common, with a row that is longer"],
  ["123456789012monkey", "common, behind a row"],
  ["admin123123123123", "common, with a row that repeats"],
  ["admin01011990", "common, with a date"],
  ["qwertyqwerty1", "common, repeated, with a little around it"],
  ["passwordpassw", "common, repeated and cut off"],
  ["trustno1trustno1!", "common, repeated, with a little around it"],
  ["trustno1trustno12", "common, repeated, with a little around it"],
  ["password password", "common, repeated with something in between"],
  ["Password!Password1", "common, repeated with something in between"],
  ["password1password2", "common, repeated with something in between"],
  ["1234567890123456", "a row that begins again"],
  ["0987654321098", "a row that begins again, backwards"],
  ["1234567890123a", "a row, and hardly anything else"],
  ["abcdefgh12345!", "rows, and hardly anything else"],
  ["jane1234567890123", "a word of the name, and a row"],
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
  const begin = process.threadCpuUsage();
  const long = { email: `${"ab".repeat(120)}@example.com`, fullName: "a b c d ".repeat(25) };
  assertStrongPassword(`${"xy7".repeat(84)}!?+-`, long);
  expect(process.threadCpuUsage(begin).user).toBeLessThan(50_000);
});
