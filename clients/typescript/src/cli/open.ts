import { spawn } from "node:child_process";
import type { Command } from "./command.ts";
import { errorsPage } from "./server-url.ts";
import { print } from "./terminal.ts";

/** Programs that open a URL, for systems without xdg-open. None is a shell, which would read the URL as code. */
const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Program and arguments that open a URL. */
export const openerOf = (platform: NodeJS.Platform, url: string): [string, ...string[]] => [
  ...(OPENERS[platform] ?? ["xdg-open"]),
  url,
];

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
    const url = values.page === "errors" ? errorsPage(server) : `${server}/docs`;
    print([url]);
    if (values.print !== true) await openInBrowser(url);
  },
};

/** Opens a URL in the background. Without a program for that, does nothing. */
async function openInBrowser(url: string): Promise<void> {
  const [opener, ...args] = openerOf(process.platform, url);
  const browser = spawn(opener, args, { stdio: "ignore", detached: true });
  await new Promise((resolve) => browser.once("error", resolve).once("spawn", resolve));
  browser.unref();
}
