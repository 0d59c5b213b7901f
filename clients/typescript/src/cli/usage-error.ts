/** A wrong command line. The message says how to mend it. */
export class UsageError extends Error {}
