/** A signing key's times, from its making to its end. */
export interface KeyTimes {
  readonly kid: string;
  readonly generation: number;
  /** Every verifier knows it from then on; null for one that was made to sign at once. */
  readonly readyTime: Date | null;
  /** Signs from then on, until another one does; null for the next key, which is only published. */
  readonly activateTime: Date | null;
  /** Published until then; for ever if null. */
  readonly retireTime: Date | null;
}

export interface RotationSettings {
  /** How long a key signs before the next one takes over; 0: until a command says so. */
  rotationMs: number;
  /** How long what it signed may be about. */
  tokenMs: number;
}

/** What is to be done about the keys. */
export interface KeyPlan {
  /** The next key takes over. */
  activate: string | undefined;
  /** Keys that another one has taken over from, and when the last of their tokens has expired. */
  retire: { kid: string; retireTime: Date }[];
  /** What there is none of. */
  make: { current: boolean; next: boolean };
}

/** The key to sign with: of those that are active, the one that became so last. */
export function currentKey<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys
    .filter((key) => isPublished(key, now) && key.activateTime !== null && key.activateTime <= now)
    .reduce<K | undefined>(
      (latest, key) => (latest && latest.activateTime! >= key.activateTime! ? latest : key),
      undefined,
    );
}

/** The key that is published, and waits to take over. */
export function nextKey<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys.find((key) => key.activateTime === null && isPublished(key, now));
}

/** The keys that verifiers must know: also the next one, before it signs, and old ones while their tokens live. */
export function publishedKeys<K extends KeyTimes>(keys: readonly K[], now: Date): K[] {
  return keys.filter((key) => isPublished(key, now));
}

/** Whether every verifier knows the key, so that it can sign without one having to ask. */
export const isReady = ({ readyTime }: KeyTimes, now: Date): boolean =>
  readyTime === null || readyTime <= now;

/** Keeps a key that signs, a next one that everybody knows before it does, and old ones while their tokens live. */
export function planOf(
  keys: readonly KeyTimes[],
  now: Date,
  { rotationMs, tokenMs }: RotationSettings,
): KeyPlan {
  const current = currentKey(keys, now);
  const next = nextKey(keys, now);
  const isDue = rotationMs > 0 && current && now.getTime() - current.activateTime!.getTime() >= rotationMs;
  const takesOver = next && (!current || (isDue && isReady(next, now)));
  const active = keys
    .map((key) => (takesOver && key.kid === next.kid ? { ...key, activateTime: now } : key))
    .filter((key) => key.activateTime !== null && key.activateTime <= now)
    .sort((a, b) => a.activateTime!.getTime() - b.activateTime!.getTime());
  return {
    activate: takesOver ? next.kid : undefined,
    retire: active.slice(0, -1).flatMap(({ kid, retireTime }, index) => {
      if (retireTime) return [];
      const takenOverMs = active[index + 1]!.activateTime!.getTime();
      return [{ kid, retireTime: new Date(takenOverMs + tokenMs) }];
    }),
    make: { current: !current && !next, next: !next || takesOver === true },
  };
}

/** Whether nothing is to be done. */
export const isIdle = ({ activate, retire, make }: KeyPlan): boolean =>
  activate === undefined && retire.length === 0 && !make.current && !make.next;

const isPublished = ({ retireTime }: KeyTimes, now: Date): boolean => retireTime === null || retireTime > now;
