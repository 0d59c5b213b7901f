import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type ApiServer, sendJson } from "../testing/api-server.ts";
import { CommandLine } from "../testing/command-line.ts";

/** Sets the title of the window, clears the screen by C1, reverses the text, and begins a line of its own. */
const HOSTILE = "x\u001b]0;title\u0007\u009b2J\u202egnp\u2028\u0085\r\nSigned in";
const OBEYED = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const TOKENS = { accessToken: "a1", refreshToken: "r1", expiresInSeconds: 300 };

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.open();
});
afterEach(() => cli.close());

/** A server whose every answer has hostile texts. */
const hostileAnswer: ApiServer["answer"] = ({ call }, response) => {
  if (call === "POST /v1/auth/login") return sendJson(response, 200, { tokens: TOKENS });
  if (call === "GET /v1/users/me") return sendJson(response, 200, { fullName: HOSTILE, role: HOSTILE });
  if (call.startsWith("GET /v1/bookings?"))
    return sendJson(response, 200, {
      bookings: [{ id: HOSTILE, status: HOSTILE, fee: { [HOSTILE]: 1 } }],
      nextPageToken: HOSTILE,
    });
  if (call.startsWith("GET "))
    return sendJson(response, 200, { [HOSTILE]: HOSTILE, list: [{ [HOSTILE]: 1 }] });
  return sendJson(response, 400, {
    reason: HOSTILE,
    detail: HOSTILE,
    requestId: HOSTILE,
    type: HOSTILE,
    metadata: { limit: HOSTILE },
    errors: [{ field: HOSTILE, description: `${HOSTILE} \`metadata.limit\`` }],
  });
};

test.each([
  ["an error", ["create-booking", "--slot-id", "s1"]],
  ["the name of the account", ["login", "pat@example.org"]],
  ["a list, its columns and its page token", ["list-bookings", "--page-size", "1", "-o", "table"]],
  ["the names of fields", ["get-doctor", "d1", "-o", "table"]],
  ["an argument", [HOSTILE]],
])("%s has no character that the terminal obeys, and no line of its own", async (_title, args) => {
  cli.server.answer = hostileAnswer;
  const { stdout, stderr } = await cli.run(args, { input: "correct horse\n" });
  const written = stdout + stderr;
  expect(written).toContain("\\u009b2J\\u202egnp");
  expect(written).not.toMatch(OBEYED);
  expect(written).not.toMatch(/^Signed in$/m);
});

test.each(["json", "ndjson"])("%s escapes such characters, and keeps their value", async (output) => {
  cli.server.answer = hostileAnswer;
  const { stdout } = await cli.run(["get-doctor", "d1", "--output", output]);
  expect(stdout).not.toMatch(OBEYED);
  expect(JSON.parse(stdout)).toEqual({ [HOSTILE]: HOSTILE, list: [{ [HOSTILE]: 1 }] });
});

test("only terminal.ts and the prompter write to the streams", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".test.ts"));
  const writers = files.filter((name) =>
    /std(out|err)\.write|console\./.test(readFileSync(join(import.meta.dirname, name), "utf8")),
  );
  expect(writers).toEqual(["prompter.ts"]);
});
