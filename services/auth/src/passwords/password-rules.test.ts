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
  "jane.roe's secret horse",
])("accepts %j", (password) => {
  expect(check(password)).not.toThrow();
});

test.each([
  ["123456789012", "common"],
  ["Password123!", "common, decorated"],
  ["P@ssw0rd1234", "common, decorated"],
  ["letmeinletmein", "common, repeated"],
  ["QWERTYuiop[]", "a row of keys"],
  ["zxcvbnm,./asdf", "rows of keys"],
  ["1qaz2wsx3edc4rfv", "columns of keys"],
  ["password123456789", "common, with a sequence"],
  ["admin123456789", "common, with a sequence"],
  ["football123456789", "common, with a sequence"],
  ["doctor12345678", "common, with a sequence"],
  ["123456789012monkey", "common, after a sequence"],
  ["admin123123123123", "common, with a repeated sequence"],
  ["admin01011990", "common, with a date"],
  ["passwordpassw", "common, repeated and cut off"],
  ["trustno1trustno1!", "common, repeated and decorated"],
  ["password password", "common, repeated with a separator"],
  ["Password!Password1", "common, repeated with a separator"],
  ["password1password2", "common, repeated with a separator"],
  ["iloveyouforever", "common words"],
  ["manchesterunited", "common words"],
  ["Summer2024Winter", "common words with a year"],
  ["0987654321098", "a sequence, backwards"],
  ["1234567890123a", "a sequence and one character"],
  ["abcdefgh12345!", "sequences"],
  ["jane1234567890123", "a word of the name, with a sequence"],
  ["aaaaaaaaaaaa", "one character"],
  ["121212121212", "two characters"],
  ["zyxwvutsrqponm", "a sequence, backwards"],
  ["JANE.ROE.MILLER.", "the name"],
  ["janeroe-janeroe!", "the e-mail's local part, repeated"],
  ["roe1234miller!", "words of the name"],
  ["Medconnect-Jane-2026", "the service and a word of the name"],
  ["medconnect2026!", "the service"],
])("refuses %j: %s", (password) => {
  expect(check(password)).toThrow(expect.objectContaining({ reason: "WEAK_PASSWORD" }));
});

const wu = { email: "wu@example.com", fullName: "Li Wu" };
const zoe = { email: "zp@example.com", fullName: "Zoë" };
const GUESSABLE = "The password is one of those that are guessed early.";
const TOO_CLOSE = "The password is too close to the e-mail address or the name.";

test.each([
  ["a common password", owner, "Password123!", GUESSABLE],
  ["three letters of the name", owner, "roekestrel41", TOO_CLOSE],
  ["a word of the name, but without its accent", zoe, "zoekestrel41", TOO_CLOSE],
  ["two short words of the name, joined", wu, "kestrelliwu1x", TOO_CLOSE],
  ["two short words of the name, apart", wu, "liplywoodwu4821", undefined],
  ["the domain of the address", owner, "example-kestrel", undefined],
  ["upper case, and no word of the owner", owner, "exAmplePlywood7", undefined],
])("a password with %s: the refusal says why", (_case, of, password, detail) => {
  const assert = () => assertStrongPassword(password, of);
  if (detail) expect(assert).toThrow(detail);
  else expect(assert).not.toThrow();
});

test.each([
  ["a long password", `${"xy7".repeat(84)}!?+-`],
  ["many substitutions", "p4$$w0rd@dm1n5".repeat(18)],
])("%s takes less than 100 ms", (_case, password) => {
  const begin = process.threadCpuUsage();
  const long = { email: `${"ab".repeat(120)}@example.com`, fullName: "abc def ghi jkl ".repeat(12) };
  try {
    assertStrongPassword(password, long);
  } catch {
    // The test measures only the time, so it ignores a refusal of the password.
  }
  expect(process.threadCpuUsage(begin).user).toBeLessThan(100_000);
});
