import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../../command/setup-error.ts";

/** A place in a server's binary log. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

/** Offset of the first event in a log file, after its magic number. */
export const FIRST_OFFSET = 4;

/** A part of a binary log file in the archive, named FILE.FROM-TO.age. */
export interface LogSegment {
  readonly path: string;
  readonly file: string;
  /** Offsets in the log file. */
  readonly from: number;
  readonly to: number;
}

const NAME = /^(.+\.\d+)\.(\d+)-(\d+)\.age$/;

export const segmentName = ({ file, from, to }: Omit<LogSegment, "path">): string =>
  `${file}.${from}-${to}.age`;

/** Folder of the segments of one server. */
export const folderOf = (folder: string, server: string): string => join(folder, "log", server);

/** Lists the segments in a folder, in the order of the log. An absent folder has none. */
export async function listSegments(folder: string): Promise<LogSegment[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const segments = names.flatMap((name) => {
    const [, file, from, to] = NAME.exec(name) ?? [];
    return file ? [{ path: join(folder, name), file, from: Number(from), to: Number(to) }] : [];
  });
  return segments.sort((a, b) => numberOf(a.file) - numberOf(b.file) || a.from - b.from || a.to - b.to);
}

/** Number of a log file, such as 12 of "binlog.000012". */
const numberOf = (file: string): number => Number(file.slice(file.lastIndexOf(".") + 1));

/** The segment that goes on at a place; undefined at the end of the archive. Throws SetupError for a gap. */
export function segmentAt(
  segments: readonly LogSegment[],
  { file, offset }: LogPlace,
): LogSegment | undefined {
  const number = numberOf(file);
  const here = segments.findLast((each) => each.file === file && each.from <= offset && offset < each.to);
  if (here) return here;
  const later = segments.filter(
    (each) => numberOf(each.file) > number || (each.file === file && each.from > offset),
  );
  const next = later.findLast((each) => numberOf(each.file) === number + 1 && each.from === FIRST_OFFSET);
  const isGap = later.some((each) => each.file === file) || (later.length > 0 && !next);
  if (isGap)
    throw new SetupError(
      `The archive of the log has nothing between ${file}:${offset} and ${later[0]?.path}.`,
    );
  return next;
}
