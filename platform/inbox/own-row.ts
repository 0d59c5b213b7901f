import { ApiError } from "../errors/api-error.ts";

/**
 * Throws RECORD_ALTERED if a row differs from the values in the event of its sender. The MAC of an event
 * proves who sent it, but not that the data of the sender is right: an attacker with write access to the
 * sender's schema could make a booking refer to the payment of another user.
 */
export function assertOwnRow<Row extends object>(row: Row, stated: Partial<Row>): void {
  for (const column of Object.keys(stated) as (keyof Row & string)[]) {
    if (row[column] === stated[column]) continue;
    throw new ApiError("RECORD_ALTERED", { cause: new Error(`the event states another ${column}`) });
  }
}
