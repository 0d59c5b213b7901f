import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";

/** Queries of up to eight words. Each word is a prefix of a word in all profiles of `addFindableDoctors`. */
export const HOSTILE_QUERIES = [
  "a b c d e f g h",
  "i j k l m n o p",
  "ab cd ef gh ij kl mn op",
  "aw bw cw dw ew fw gw hw",
  "q r s t a b c d",
] as const;

const LETTERS = "abcdefghijklmnopqrst";
const WORDS_A_LETTER = 3;
const DOCTORS_A_STATEMENT = 100;

/** Runs an INSERT statement. `rows` are the values for the placeholder in `VALUES ?`. */
type Insert = (sql: string, rows: SqlScalar[][]) => Promise<unknown>;

/**
 * Adds doctors with a licence to scheduling's schema. Every word of the hostile queries is a prefix of words
 * in their profiles.
 */
export async function addFindableDoctors(insert: Insert, count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => newId());
  for (let i = 0; i < count; i += DOCTORS_A_STATEMENT) {
    const some = ids.slice(i, i + DOCTORS_A_STATEMENT);
    await insert(
      `INSERT INTO doctors (id, display_name, name_key, specialty, bio, languages, time_zone, fee_minor, hidden,
         version, create_time, licensed_until) VALUES ?`,
      some.map(doctorRow),
    );
    await insert("INSERT INTO doctor_words (doctor_id, word) VALUES ?", some.flatMap(wordRows));
  }
}

const doctorRow = (id: string) => [
  binaryId(id),
  `Doctor ${id}`,
  Buffer.from(id),
  "x",
  "",
  "[]",
  "UTC",
  0,
  false,
  1,
  new Date(),
  "9999-12-31",
];

const wordRows = (id: string) => WORDS.map((word) => [binaryId(id), word]);

const WORDS = [...LETTERS].flatMap((letter, i) => [
  Buffer.from(letter),
  ...Array.from({ length: WORDS_A_LETTER }, (_, n) =>
    Buffer.from(letter + LETTERS[(i + 7 * n + 1) % LETTERS.length]),
  ),
  Buffer.from(`${letter}word`),
]);
