/** Actor of changes that scheduling makes by itself, in jobs. */
export const SELF = "service:scheduling";
