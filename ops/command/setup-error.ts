/** An error that the operator can correct. Commands print its message without a stack trace. */
export class SetupError extends Error {}

/** A wrong argument. Commands add a line that points to their help. */
export class UsageError extends SetupError {}
