/** Times in the life of a signing key. */
export interface KeyTimes {
  readonly kid: string;
  readonly generation: number;
  /** Time from which every verifier knows the key; null for a key that signs at once. */
  readonly readyTime: Date | null;
  /**
   * Time at which the key starts to sign. Null for the next key, which is published but does not sign yet.
   */
  readonly activateTime: Date | null;
  /** Time at which the key stops being published. Null if that time is not set yet. */
  readonly retireTime: Date | null;
}

export interface RotationSettings {
  /** Time in ms for which a key signs. With 0, it signs until an operator rotates the keys. */
  rotationMs: number;
  /** Longest lifetime of a signed token, in ms. */
  tokenMs: number;
}

/** Changes that are due: keys to activate, to retire and to make. */
export interface KeyPlan {
  /** The `kid` of the next key if it is to replace the signing key now; otherwise undefined. */
  activate: string | undefined;
  /** Replaced keys, each with its new retire time: the expiry of the last token that the key signed. */
  retire: { kid: string; retireTime: Date }[];
  /** Which keys are missing and have to be made: the current one, the next one, or both. */
  make: { current: boolean; next: boolean };
}

/** A key that signs or has signed. */
type Active<K extends KeyTimes> = K & { readonly activateTime: Date };

/** The key that signs: of the published keys, the one that was activated most recently. */
export function currentKey<K extends KeyTimes>(keys: readonly K[], now: Date): Active<K> | undefined {
  return activeKeys(keys, now).findLast((key) => isPublished(key, now));
}

/** The next key: it is published, and will sign after the current key. */
export function nextKey<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys.find((key) => key.activateTime === null && isPublished(key, now));
}

/**
 * Keys that verifiers must know: the current key, the next key, and replaced keys until their last token has
 * expired.
 */
export function publishedKeys<K extends KeyTimes>(keys: readonly K[], now: Date): K[] {
  return keys.filter((key) => isPublished(key, now));
}

/** True if every verifier knows the key. */
export const isReady = ({ readyTime }: KeyTimes, now: Date): boolean =>
  readyTime === null || readyTime <= now;

/**
 * Plans the changes that lead to this state: there is a current key, the next key is published in advance,
 * and each replaced key stays published until the last token that it signed has expired.
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

/** Keys that sign or have signed, in order of activation; of keys activated at once, in order of generation. */
const activeKeys = <K extends KeyTimes>(keys: readonly K[], now: Date): Active<K>[] =>
  keys
    .filter((key): key is Active<K> => key.activateTime !== null && key.activateTime <= now)
    .sort((a, b) => a.activateTime.getTime() - b.activateTime.getTime() || a.generation - b.generation);

const isPublished = ({ retireTime }: KeyTimes, now: Date): boolean => retireTime === null || retireTime > now;
