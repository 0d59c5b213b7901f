/** Actor in the audit trail, for changes that clinical's background jobs make. */
export const SWEEPER = "service:clinical";
