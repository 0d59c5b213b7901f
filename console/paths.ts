/** Folder of the console on its host. */
export const CONSOLE_FOLDER = "/console";

/** Paths of the console's pages, relative to its folder. The gateway serves the same HTML at each. */
export const CONSOLE_PATHS = [
  "/",
  "/licenses",
  "/audit",
  "/dead-letters",
  // Links in mails lead to these.
  "/verify-email",
  "/reset-password",
  "/forgot-password",
] as const;

export type ConsolePath = (typeof CONSOLE_PATHS)[number];

/** Path of a page on its host. */
export const consoleUrl = (path: ConsolePath): string =>
  path === "/" ? CONSOLE_FOLDER : CONSOLE_FOLDER + path;
