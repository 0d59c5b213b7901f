import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import type { ClientKey } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";

type Member = "crv" | "x" | "y" | "n" | "e";

interface KeyType {
  /** Signature algorithms of RFC 7518 and RFC 8037 that fit the type. None is symmetric. */
  readonly algorithms: readonly string[];
  readonly members: readonly Member[];
  readonly curve: string;
}

const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  EC: { algorithms: ["ES256"], members: ["crv", "x", "y"], curve: "P-256" },
  OKP: { algorithms: ["EdDSA", "Ed25519"], members: ["crv", "x"], curve: "Ed25519" },
  RSA: { algorithms: ["PS256", "RS256"], members: ["n", "e"], curve: "" },
};
const MEMBERS: readonly Member[] = ["crv", "x", "y", "n", "e"];

/** Algorithms of all types of keys. */
export const ALGORITHMS: readonly string[] = Object.values(KEY_TYPES).flatMap(({ algorithms }) => algorithms);

/**
 * Algorithms with which a key may sign: the one that it names, or all of its type. An Ed25519 key has two names
 * for the same algorithm (RFC 9864).
 */
export function algorithmsOf({ kty, alg }: { kty: string; alg?: string | undefined }): readonly string[] {
  const { algorithms } = KEY_TYPES[kty] ?? NO_TYPE;
  return alg && kty !== "OKP" ? algorithms.filter((each) => each === alg) : algorithms;
}

const NO_TYPE: KeyType = { algorithms: [], members: [], curve: "" };

/**
 * Finds members that do not fit the type of their key, and ids that several keys have.
 *
 * @param path of the list in the request, such as "jwks.keys"
 */
export function violationsOfKeys(keys: readonly ClientKey[], path: string): FieldViolation[] {
  return keys.flatMap((key, index) => {
    const isRepeated = keys.slice(0, index).some(({ kid }) => kid === key.kid);
    const violations = isRepeated ? [["kid", "must differ from those of the other keys"]] : [];
    return [...violations, ...violationsOfKey(key)].map(([member, description]) => ({
      field: `${path}[${index}].${member}`,
      description: description ?? "",
    }));
  });
}

function violationsOfKey(key: ClientKey): string[][] {
  const { kty, alg, crv } = key;
  const { algorithms, members, curve } = KEY_TYPES[kty] ?? NO_TYPE;
  const wrong = MEMBERS.filter((member) => (key[member] !== undefined) !== members.includes(member));
  if (wrong.length > 0) {
    return wrong.map((member) => [
      member,
      members.includes(member)
        ? `must be given for the type ${kty}`
        : `must not be given for the type ${kty}`,
    ]);
  }
  return [
    ...((crv ?? "") === curve ? [] : [["crv", `must be ${curve} for the type ${kty}`]]),
    ...(alg === undefined || algorithms.includes(alg)
      ? []
      : [["alg", `must be one of ${algorithms.join(", ")} for the type ${kty}`]]),
  ];
}
