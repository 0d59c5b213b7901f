import { ApiError } from "../errors/api-error.ts";

/**
 * Throws RECORD_ALTERED if a stored row differs from the values that an event states. The MAC of an event
 * proves which service sent it, but not that the data of that service is right. An attacker with write access
 * to the schema of the sender could make a booking refer to the payment of another user.
 */
export function assertOwnRow<Row extends object>(row: Row, stated: Partial<Row>): void {
  for (const column of Object.keys(stated) as (keyof Row & string)[]) {
    if (row[column] === stated[column]) continue;
    throw new ApiError("RECORD_ALTERED", { cause: new Error(`the event states another ${column}`) });
  }
}
