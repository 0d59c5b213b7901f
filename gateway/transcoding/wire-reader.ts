import { BinaryReader } from "@bufbuild/protobuf/wire";

const DAY_S = 86_400;
/** Maximum number of cached dates, enough for more than two years. */
const MAX_DAYS = 1000;
const SECONDS_TAG = 8;

/** Reads values of protobuf's wire format directly as JSON text. */
export class WireReader extends BinaryReader {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Reads a length prefix. Returns the position at which the field ends. Throws a RangeError if that position
   * is beyond the end of the message.
   */
  end(): number {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new RangeError("a field ends beyond its protobuf message");
    return end;
  }

  /**
   * Reads a string as JSON text. Faster than `string()` of the base class, which decodes a view of the bytes.
   */
  text(): string {
    const end = this.end();
    const text = this.#bytes.toString("utf8", this.pos, end);
    this.pos = end;
    return JSON.stringify(text);
  }

  /** Reads a google.protobuf.Timestamp as RFC 3339 with 0, 3, 6 or 9 decimals. */
  time(): string {
    const end = this.end();
    let seconds = 0;
    let nanos = 0;
    while (this.pos < end) {
      if (this.uint32() === SECONDS_TAG) seconds = Number(this.int64());
      else nanos = this.int32();
    }
    const day = Math.floor(seconds / DAY_S);
    const second = seconds - day * DAY_S;
    const minute = Math.floor(second / 60);
    const clock = `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}:${twoDigits(second % 60)}`;
    return `"${dateOf(day)}T${clock}${fractionOf(nanos)}Z"`;
  }
}

const twoDigits = (n: number): string => (n < 10 ? `0${n}` : String(n));

const dates = new Map<number, string>();

/**
 * Date of a day, given in days since 1970-01-01. Dates are cached, because making a `Date` takes most of the
 * time of formatting a timestamp, and the times of an answer fall on few days.
 */
function dateOf(day: number): string {
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size === MAX_DAYS) dates.clear();
    date = new Date(day * DAY_S * 1000).toISOString().slice(0, 10);
    dates.set(day, date);
  }
  return date;
}

function fractionOf(nanos: number): string {
  if (nanos === 0) return "";
  return `.${String(nanos)
    .padStart(9, "0")
    .replace(/(?:000){1,2}$/, "")}`;
}
