import type { Stats } from "node:fs";

/** Write permission of the group and of others. */
const WRITABLE = 0o022;

/** True if another user owns a file or folder. False on Windows, which has no such owners. */
export const isOwnedByOther = ({ uid }: Stats): boolean =>
  process.getuid !== undefined && uid !== process.getuid();

/** True if the mode of a file or folder lets other users write it. False on Windows, which has no such modes. */
export const isWritableByOthers = ({ mode }: Stats): boolean =>
  process.getuid !== undefined && (mode & WRITABLE) !== 0;
