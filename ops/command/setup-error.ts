/** An error that the operator can mend. Commands print its message without a stack trace. */
export class SetupError extends Error {}

/** A wrong argument of a command, which then points to its help. */
export class UsageError extends SetupError {}
