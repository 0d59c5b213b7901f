import type { KeyedHash } from "../crypto/keyed-hash.ts";

/**
 * Computes the MAC of an event for one destination. The MAC proves that this service wrote the row of the
 * outbox.
 */
export const eventMac = (hash: KeyedHash, { destination, payload }: Sent): Buffer =>
  hash.of("outbox.mac", destination, payload);

/** The values that the MAC covers. The payload holds id, aggregate, version, type and state of the event. */
interface Sent {
  readonly destination: string;
  readonly payload: Buffer;
}

/** Reasons to reject a row as not written by this service. Rejected rows are not sent. */
export const NOT_GENUINE = ["UNSIGNED", "FORGED"] as const;
export type NotGenuine = (typeof NOT_GENUINE)[number];

/**
 * Tells why a row is not genuine. UNSIGNED: the row has no MAC. FORGED: the row was changed, copied to
 * another destination, or inserted with a wrong MAC. Returns undefined if this service wrote the row.
 */
export function whyNotGenuine(
  hash: KeyedHash,
  row: Sent & { readonly mac: Buffer | null },
): NotGenuine | undefined {
  if (!row.mac) return "UNSIGNED";
  return eventMac(hash, row).equals(row.mac) ? undefined : "FORGED";
}

/** True if a dead event may be sent again, because this service wrote it. */
export const isReplayable = ({ lastError }: { readonly lastError: string | null }): boolean =>
  !NOT_GENUINE.some((reason) => reason === lastError);
