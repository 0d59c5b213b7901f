/** An error that the operator can correct. Commands print its message without a stack trace. */
export class SetupError extends Error {}

/** A wrong argument. Commands also print how to show their help. */
export class UsageError extends SetupError {}
