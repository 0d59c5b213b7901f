import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";

const ROOT = join(import.meta.dirname, "../..");
const LOCAL_URL = "http://localhost:8080";
/** Name in a command that stands for an id in an earlier answer, such as SLOT_ID. */
const ID_NAME = /\b[A-Z]+_ID\b/g;

type Answer = Record<string, unknown>;

/** Where the samples run. */
export interface SampleTarget {
  /** URL of the API, in place of that of `npm start`. */
  api: string;
  password: string;
}

/** The code blocks of a document in a language that contain a text. */
export async function blocksOf(document: string, language: string, text: string): Promise<string[]> {
  const markdown = await readFile(join(ROOT, document), "utf8");
  const blocks = [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))];
  return blocks.map(([, code = ""]) => code).filter((code) => code.includes(text));
}

/**
 * Runs the lines of a block for a terminal, in a session of their own. Rejects with the first failure.
 *
 * @returns the last answer
 */
export async function runCommands(block: string, { api, password }: SampleTarget): Promise<Answer> {
  const home = await temporaryFolder();
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const env = { ...COMPILE_CACHE, PATH: path, XDG_CONFIG_HOME: home, MEDCONNECT_SERVER: api };
  const ids = new Map<string, string>();
  let answer: Answer = {};
  let exports = "";
  try {
    for (const line of block.trim().split("\n")) {
      if (line.startsWith("export ")) {
        exports += `${line}\n`;
        continue;
      }
      const command = line.replace(ID_NAME, (name) => ids.get(name) ?? name);
      const running = promisify(execFile)("bash", ["-c", exports + command], { cwd: ROOT, env });
      running.child.stdin?.end(`${password}\n`);
      const { stdout } = await running;
      if (stdout === "") continue;
      answer = JSON.parse(stdout);
      for (const [name, id] of idsIn(answer, line)) ids.set(name, id);
    }
  } finally {
    await rm(home, { recursive: true });
  }
  return answer;
}

/** The ids of an answer: that of the resource, those that it names, and that of the last item of a list. */
function idsIn(answer: Answer, command: string): [string, string][] {
  const [, resource = ""] = /-(\w+)/.exec(command) ?? [];
  return Object.entries(answer).flatMap(([name, value]): [string, string][] => {
    if (name === "id") return [[nameOf(resource), String(value)]];
    if (name.endsWith("Id")) return [[nameOf(name.slice(0, -2)), String(value)]];
    const last = Array.isArray(value) ? (value.at(-1) as Answer | undefined) : undefined;
    return last?.id ? [[nameOf(name.replace(/s$/, "")), String(last.id)]] : [];
  });
}

const nameOf = (resource: string): string => `${resource.toUpperCase()}_ID`;

/** Runs a TypeScript block with Node, in a file of this repository. @returns its output */
export async function runScript(block: string, { api }: SampleTarget): Promise<string> {
  const folder = await temporaryFolder();
  const file = join(folder, "book.mts");
  await writeFile(file, block.replace(LOCAL_URL, api));
  const running = promisify(execFile)(process.execPath, [file]);
  const { stdout } = await running.finally(() => rm(folder, { recursive: true }));
  return stdout;
}

/** Makes a folder in which Node finds the packages of this repository. */
async function temporaryFolder(): Promise<string> {
  const local = join(ROOT, ".local");
  await mkdir(local, { recursive: true });
  return await mkdtemp(join(local, "sample-"));
}
