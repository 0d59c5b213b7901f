import type { Command } from "./command.ts";
import { OUTPUTS } from "./command.ts";
import { GLOBAL_OPTIONS, splitCommand, written } from "./parse-arguments.ts";
import { print } from "./terminal.ts";

/** The shells ask `medconnect __complete` for the words that may stand at the cursor. */
const SCRIPTS: Record<string, string> = {
  bash: `_medconnect() {
  local IFS=$'\\n'
  COMPREPLY=($(medconnect __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _medconnect medconnect`,
  zsh: `#compdef medconnect
_medconnect() {
  local -a found=("\${(@f)$(medconnect __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _medconnect medconnect`,
};

export const completion: Command = {
  name: "completion",
  group: "This machine",
  summary: "Prints a script that completes commands and flags",
  description:
    'For bash, add to ~/.bashrc: eval "$(medconnect completion bash)". For zsh, add to ~/.zshrc: eval "$(medconnect completion zsh)".',
  fields: [
    {
      name: "shell",
      flag: "shell",
      help: "bash or zsh.",
      kind: "text",
      values: Object.keys(SCRIPTS),
      isArgument: true,
      required: true,
    },
  ],
  async run({ values }) {
    print((SCRIPTS[String(values.shell)] ?? "").split("\n"));
  },
};

/** The words that may stand in the place of the last one. @param words those after `medconnect` */
export function complete(commands: readonly Command[], words: string[]): string[] {
  const begun = words.at(-1) ?? "";
  return candidates(commands, words).filter((word) => word.startsWith(begun));
}

function candidates(commands: readonly Command[], words: string[]): string[] {
  const before = words.at(-2);
  if (before === "--output" || before === "-o") return [...OUTPUTS];
  const { name, args } = splitCommand(words.slice(0, -1));
  if (name === undefined) return commands.map((each) => each.name);
  const command = commands.find((each) => each.name === name);
  if (!command) return [];
  const open = command.fields.filter(({ isSecret }) => !isSecret);
  const flag = open.find((field) => !field.isArgument && written(field) === before);
  if (flag && flag.kind !== "flag") return [...(flag.values ?? [])];
  const values = open.filter(({ isArgument }) => isArgument)[args.length]?.values ?? [];
  const flags = open.filter(({ isArgument }) => !isArgument).map(written);
  return [...values, ...flags, ...Object.keys(GLOBAL_OPTIONS).map((option) => `--${option}`)];
}
