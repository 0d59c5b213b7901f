import { spawn } from "node:child_process";
import type { Command } from "./command.ts";
import { print } from "./terminal.ts";

const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

export const open: Command = {
  name: "open",
  group: "This machine",
  summary: "Opens the API's documentation in the browser",
  description: "Also prints its address, for machines without a browser.",
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
    { name: "print", flag: "print", help: "Only prints the address.", kind: "flag" },
  ],
  async run({ values, server }) {
    const url = `${server}/docs${values.page === "errors" ? "/errors" : ""}`;
    print([url]);
    if (values.print !== true) await openInBrowser(url);
  },
};

/** Opens a URL in the background. Without a program for that, does nothing. */
async function openInBrowser(url: string): Promise<void> {
  const [opener, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const browser = spawn(opener, [...args, url], { stdio: "ignore", detached: true });
  await new Promise((resolve) => browser.once("error", resolve).once("spawn", resolve));
  browser.unref();
}
