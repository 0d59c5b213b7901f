import { expect, test } from "@jest/globals";
import { openerOf } from "./open.ts";
import { serverUrl } from "./server-url.ts";

test.each([
  ["http://localhost:8080/", "http://localhost:8080"],
  [" https://API.example.org\n", "https://api.example.org"],
  ["https://example.org/api//", "https://example.org/api"],
  ["https://example.org/$(id)&calc", "https://example.org/$(id)&calc"],
])("%j is the server %s", (text, url) => expect(serverUrl(text, "--server")).toBe(url));

test.each([
  ["localhost", '--server must be a URL such as http://localhost:8080, not "localhost".'],
  ["ftp://example.org", "--server must be a URL such as http://localhost:8080"],
  ["http:example.org", "--server must be a URL such as http://localhost:8080"],
  ["http://", "--server must be a URL such as http://localhost:8080"],
  ["", '--server must be a URL such as http://localhost:8080, not "".'],
  ["http://exam\nple.org", "--server has a space or a control character."],
  ["http://example.org/\u009b2J", "--server has a space or a control character."],
  ["http://example.org/a b", "--server has a space or a control character."],
  ["http://pat:secret@example.org", "--server must have no user and no password."],
  ["http://pat@example.org", "--server must have no user and no password."],
  ["ftp://pat:secret@example.org", 'not "…@example.org".'],
  ["http://example.org?a=1", "--server must have no query and no fragment."],
  ["http://example.org/#a", "--server must have no query and no fragment."],
])("%j is no server", (text, message) => {
  expect(() => serverUrl(text, "--server")).toThrow(message);
  expect(() => serverUrl(text, "--server")).not.toThrow("secret");
});

test.each<NodeJS.Platform>(["linux", "darwin", "win32"])(
  "on %s, no shell reads the URL to open",
  (platform) => {
    const [program, ...args] = openerOf(platform, "https://example.org/$(id)&calc");
    expect(program).not.toMatch(/^(cmd|sh|bash|powershell)/);
    expect(args.at(-1)).toBe("https://example.org/$(id)&calc");
  },
);
