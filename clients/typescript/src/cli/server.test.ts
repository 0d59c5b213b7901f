import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { sendJson } from "../testing/api-server.ts";
import { CommandLine } from "../testing/command-line.ts";
import { isOwnedByOther } from "./file-owner.ts";
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

test("a folder of another user is recognized", () => {
  const uid = process.getuid!();
  expect([uid, uid + 1].map((owner) => isOwnedByOther({ uid: owner } as never))).toEqual([false, true]);
});

describe("in a process", () => {
  let cli: CommandLine;
  let folder: string;

  beforeEach(async () => {
    cli = await CommandLine.open();
    folder = join(cli.home, ".config/medconnect");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const tokens = { accessToken: "a1", refreshToken: "r1", expiresInSeconds: 300 };
    cli.server.answer = ({ call }, response) =>
      sendJson(
        response,
        200,
        call === "POST /v1/auth/login" ? { tokens } : { fullName: "Pat", role: "PATIENT" },
      );
  });
  afterEach(() => cli.close());

  const logIn = () => cli.run(["login", "pat@example.org"], { input: "correct horse\n" });

  test("the credentials of the environment go to no server that an earlier login has chosen", async () => {
    expect(await logIn()).toMatchObject({ code: 0 });
    cli.server.received.length = 0;
    const account = { MEDCONNECT_CLIENT_ID: "c1", MEDCONNECT_CLIENT_SECRET: "x" };
    const env = { ...account, MEDCONNECT_SERVER: undefined };
    const { code, stderr } = await cli.run(["get-stats"], { env });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("MEDCONNECT_CLIENT_ID needs --server or MEDCONNECT_SERVER beside it"),
    });
    expect(cli.server.received).toEqual([]);
    // A command that sends nothing needs no server.
    expect(await cli.run(["completion", "bash"], { env })).toMatchObject({ code: 0 });
    await cli.run(["get-stats", "--server", cli.server.url], { env });
    expect(cli.server.received[0]).toMatchObject({ call: "POST /v1/auth/token" });
  });

  test("login replaces a link in the place of its file, and leaves the target alone", async () => {
    const target = join(cli.home, ".profile");
    await writeFile(target, "mine");
    await symlink(target, join(folder, "server"));
    expect(await logIn()).toMatchObject({ code: 0 });
    expect(await readFile(target, "utf8")).toBe("mine");
    expect(await readFile(join(folder, "server"), "utf8")).toBe(`${cli.server.url}\n`);
    expect(await readdir(folder)).toHaveLength(2);
  });

  test.each(["777", "770"])("a folder of mode %s is refused before a password is sent", async (mode) => {
    await chmod(folder, Number.parseInt(mode, 8));
    const { code, stderr } = await logIn();
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: [
        `Other users can write ${folder}. Remove files that are not yours, then run: chmod 700 "${folder}"`,
        "See medconnect login --help.\n",
      ].join("\n"),
    });
    expect(cli.server.received).toEqual([]);
  });

  test("a file of the last login that is no URL is named", async () => {
    await writeFile(join(folder, "server"), "nonsense");
    const { stderr } = await cli.run(["get-jwks"], { env: { MEDCONNECT_SERVER: undefined } });
    expect(stderr).toContain(`${join(folder, "server")} must be a URL`);
  });
});
