/** Something that whoever runs the command can put right; it is shown as one line, without a stack. */
export class SetupError extends Error {}

/** Runs a command's `main` and exits with the code it returns, or with 1 and a line that says what is wrong. */
export function runCommand(main: () => Promise<number>): void {
  main().then(
    (code) => process.exit(code),
    (error) => {
      process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
      process.exit(1);
    },
  );
}
