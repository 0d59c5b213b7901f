/** A signing key's times. */
export interface KeyTimes {
  /** Signs from then on, until another one does. */
  readonly activateTime: Date;
  /** Published until then; for ever if null. */
  readonly retireTime: Date | null;
}

/** The key to sign with: of those that are active, the one that became so last. */
export function currentKey<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys
    .filter((key) => key.activateTime <= now && isPublished(key, now))
    .reduce<K | undefined>(
      (latest, key) => (latest && latest.activateTime >= key.activateTime ? latest : key),
      undefined,
    );
}

/** The keys that verifiers must know: also the next one, before it signs, and old ones while their tokens live. */
export function publishedKeys<K extends KeyTimes>(keys: readonly K[], now: Date): K[] {
  return keys.filter((key) => isPublished(key, now));
}

const isPublished = ({ retireTime }: KeyTimes, now: Date): boolean => retireTime === null || retireTime > now;
