/** Actor in the audit log for changes that scheduling makes by itself, for example in jobs. */
export const SELF = "service:scheduling";
