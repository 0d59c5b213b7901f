/** Actor of changes by background jobs, in the audit trail. */
export const SWEEPER = "service:clinical";
