/** Actor of the changes made by background jobs. */
export const SWEEPER = "service:clinical";
