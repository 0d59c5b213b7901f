/** Times of a signing key's life. */
export interface KeyTimes {
  readonly kid: string;
  readonly generation: number;
  /** Time from which every verifier knows the key; null for a key that signs at once. */
  readonly readyTime: Date | null;
  /**
   * Time from which the key signs, until another key does; null for the next key, which is only published.
   */
  readonly activateTime: Date | null;
  /** Time until which the key is published; null while it has no end. */
  readonly retireTime: Date | null;
}

export interface RotationSettings {
  /** Time in ms for which a key signs; 0: until an operator rotates it. */
  rotationMs: number;
  /** Longest lifetime of a signed token, in ms. */
  tokenMs: number;
}

/** Changes that the keys need. */
export interface KeyPlan {
  /** The `kid` of the next key if it is to replace the signing key now; otherwise undefined. */
  activate: string | undefined;
  /** Keys that no longer sign. Each retires when the last token that it signed expires. */
  retire: { kid: string; retireTime: Date }[];
  /** True for the keys that are missing and have to be made. */
  make: { current: boolean; next: boolean };
}

/** A key that signs or has signed. */
type Active<K extends KeyTimes> = K & { readonly activateTime: Date };

/** The key that signs: the published one that was activated last. */
export function currentKey<K extends KeyTimes>(keys: readonly K[], now: Date): Active<K> | undefined {
  return activeKeys(keys, now)
    .filter((key) => isPublished(key, now))
    .reduce<Active<K> | undefined>(
      (latest, key) => (latest && latest.activateTime >= key.activateTime ? latest : key),
      undefined,
    );
}

/** The published key that will sign after the current one. */
export function nextKey<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys.find((key) => key.activateTime === null && isPublished(key, now));
}

/** Keys that verifiers must know, including the next one, and old ones until their last token has expired. */
export function publishedKeys<K extends KeyTimes>(keys: readonly K[], now: Date): K[] {
  return keys.filter((key) => isPublished(key, now));
}

/** True if every verifier knows the key. */
export const isReady = ({ readyTime }: KeyTimes, now: Date): boolean =>
  readyTime === null || readyTime <= now;

/**
 * Plans the changes after which there are a current key, a next key that is published in advance, and the
 * replaced keys until the last token of each has expired.
 */
export function planOf(
  keys: readonly KeyTimes[],
  now: Date,
  { rotationMs, tokenMs }: RotationSettings,
): KeyPlan {
  const current = currentKey(keys, now);
  const next = nextKey(keys, now);
  const isDue = rotationMs > 0 && current && now.getTime() - current.activateTime.getTime() >= rotationMs;
  const takesOver = next && (!current || (isDue && isReady(next, now)));
  const active = activeKeys(
    keys.map((key) => (takesOver && key.kid === next.kid ? { ...key, activateTime: now } : key)),
    now,
  );
  return {
    activate: takesOver ? next.kid : undefined,
    retire: active.flatMap(({ kid, retireTime }, index) => {
      const successor = active[index + 1];
      if (retireTime || !successor) return [];
      return [{ kid, retireTime: new Date(successor.activateTime.getTime() + tokenMs) }];
    }),
    make: { current: !current && !next, next: !next || takesOver === true },
  };
}

export const isIdle = ({ activate, retire, make }: KeyPlan): boolean =>
  activate === undefined && retire.length === 0 && !make.current && !make.next;

/** Keys that sign or have signed, in order of activation. */
const activeKeys = <K extends KeyTimes>(keys: readonly K[], now: Date): Active<K>[] =>
  keys
    .filter((key): key is Active<K> => key.activateTime !== null && key.activateTime <= now)
    .sort((a, b) => a.activateTime.getTime() - b.activateTime.getTime());

const isPublished = ({ retireTime }: KeyTimes, now: Date): boolean => retireTime === null || retireTime > now;
