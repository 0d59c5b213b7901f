import type { Trail } from "@medconnect/platform/changes/changes.ts";

export const keyTrail = (action: string, kid: string): Trail => ({
  action,
  resource: `keys/${kid}`,
  subjectIds: [],
});
