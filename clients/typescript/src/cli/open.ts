import { spawn } from "node:child_process";
import type { Command } from "./command.ts";

const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

export const open: Command = {
  name: "open",
  group: "This machine",
  summary: "Opens the API's documentation in the browser",
  description: "Also prints its address.",
  fields: [
    {
      name: "page",
      flag: "page",
      help: "docs, or errors: the list of all error reasons.",
      kind: "text",
      values: ["docs", "errors"],
      isArgument: true,
      required: true,
    },
  ],
  async run({ values, server }) {
    const url = `${server}/docs${values.page === "errors" ? "/errors" : ""}`;
    const [opener, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
    const browser = spawn(opener, [...args, url], { stdio: "ignore", detached: true });
    // Without a browser, the printed address is the result.
    await new Promise((resolve) => browser.once("error", resolve).once("spawn", resolve));
    browser.unref();
    process.stdout.write(`${url}\n`);
  },
};
