import { ApiError } from "../errors/api-error.ts";

/**
 * Throws RECORD_ALTERED unless a row has the values that its event states. An event's MAC proves its sender,
 * but not the sender's rows: an attacker with write access to that schema could point their booking at
 * someone else's payment.
 */
export function assertOwnRow<Row extends object>(row: Row, stated: Partial<Row>): void {
  for (const column of Object.keys(stated) as (keyof Row & string)[]) {
    if (row[column] === stated[column]) continue;
    throw new ApiError("RECORD_ALTERED", { cause: new Error(`the event states another ${column}`) });
  }
}
