const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** Fields of a segment after its bundle column (ECMA-426): source, source line, source column, name. */
const FIELDS = [0, 1, 2, 3] as const;

/** The fields of a source map (ECMA-426) that this module reads. */
export interface SourceMap {
  sources: string[];
  mappings: string;
}

/**
 * Removes the mappings of libraries from a source map, because Node decodes the whole map at the first stack
 * trace. With the libraries, that would take a quarter of a second and 100 MB. Stack traces then name lines of
 * source files for our code, always with column 1, and lines of the bundle for libraries.
 *
 * @param isOwn true for the sources to keep
 */
export function ownMappings<Map extends SourceMap>(map: Map, isOwn: (source: string) => boolean): Map {
  const own = map.sources.map(isOwn);
  /**
   * Current value of each field. A source map stores the difference from the same field of the previous
   * segment, even if that segment belongs to an earlier line.
   */
  const read: [number, number, number, number] = [0, 0, 0, 0];
  const written: [number, number, number, number] = [0, 0, 0, 0];
  let isInOwn = false;
  const lines = map.mappings.split(";").map((line) => {
    let readColumn = 0;
    let writtenColumn = 0;
    const kept: string[] = [];
    for (const segment of line === "" ? [] : line.split(",")) {
      const [column = 0, ...place] = decode(segment);
      readColumn += column;
      // A field that the segment lacks keeps its value.
      for (const field of FIELDS) read[field] += place[field] ?? 0;
      const wasInOwn = isInOwn;
      isInOwn = place.length > 0 && own[read[0]] === true;
      const isOfSameLine = read[0] === written[0] && read[1] === written[1];
      if (isInOwn ? wasInOwn && isOfSameLine : !wasInOwn) continue;
      // A segment without a source position ends the mapping of the previous segment.
      const fields = isInOwn ? FIELDS.slice(0, place.length) : [];
      const places = fields.map((field) => read[field] - written[field]);
      for (const field of fields) written[field] = read[field];
      kept.push(encode([readColumn - writtenColumn, ...places]));
      writtenColumn = readColumn;
    }
    return kept.join(",");
  });
  return { ...map, mappings: lines.join(";") };
}

/**
 * Decodes base64 VLQ numbers. Each digit has five bits of a number, the lowest bits first. The lowest bit of
 * the first digit is the sign. The sixth bit of a digit is 1 if another digit follows.
 */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = VALUES.get(character);
    if (digit === undefined) throw new Error(`"${character}" is not a base64 digit.`);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

function encode(numbers: readonly number[]): string {
  return numbers
    .map((number) => {
      let rest = number < 0 ? (-number << 1) | 1 : number << 1;
      let digits = "";
      do {
        digits += DIGITS[(rest & 31) | (rest > 31 ? 32 : 0)];
        rest >>>= 5;
      } while (rest > 0);
      return digits;
    })
    .join("");
}
