/** Names of the boolean fields of a row. */
type BooleanField<Row> = {
  [Field in keyof Row]-?: NonNullable<Row[Field]> extends boolean ? Field : never;
}[keyof Row];

/**
 * Converts fields of rows to booleans, because MySQL returns BOOLEAN columns and conditions as 1 or 0. NULL and
 * absent fields stay as they are. Changes the rows in place, because copies would cost each request CPU time.
 */
export function withBooleans<Row>(rows: Row[], fields: readonly BooleanField<Row>[]): Row[] {
  for (const row of rows) {
    for (const field of fields) {
      const value: unknown = row[field];
      if (typeof value === "number") row[field] = (value === 1) as Row[BooleanField<Row>];
    }
  }
  return rows;
}
