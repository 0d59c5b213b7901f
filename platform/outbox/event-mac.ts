import type { KeyedHash } from "../crypto/keyed-hash.ts";

/** MAC of an event for a destination, as proof that this service wrote it. */
export const eventMac = (hash: KeyedHash, { destination, payload }: Sent): Buffer =>
  hash.of("outbox.mac", destination, payload);

/** Content of the MAC. The payload holds the event's id, aggregate, version, type and state. */
interface Sent {
  readonly destination: string;
  readonly payload: Buffer;
}

/** Reasons why a row is not genuine. Such rows are not sent. */
export const NOT_GENUINE = ["UNSIGNED", "FORGED"] as const;
export type NotGenuine = (typeof NOT_GENUINE)[number];

/**
 * UNSIGNED for a row without a MAC; FORGED for one that was changed, copied to another destination, or
 * inserted with a false MAC; undefined for a genuine row.
 */
export function whyNotGenuine(
  hash: KeyedHash,
  row: Sent & { readonly mac: Buffer | null },
): NotGenuine | undefined {
  if (!row.mac) return "UNSIGNED";
  return eventMac(hash, row).equals(row.mac) ? undefined : "FORGED";
}
