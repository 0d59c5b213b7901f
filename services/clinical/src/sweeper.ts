/** Actor of the changes that background jobs make. */
export const SWEEPER = "service:clinical";
