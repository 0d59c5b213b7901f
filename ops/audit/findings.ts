import {
  findUnexplained,
  UNEXPLAINED,
  type UnexplainedFinding,
} from "@medconnect/auth/src/rights-audit/find-unexplained.ts";
import { AuditChain } from "@medconnect/platform/audit/audit-chain.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { type Acknowledgement, Acknowledgements, findingIdOf } from "./acknowledgements.ts";
import type { Source } from "./sources.ts";
import type { TrailDatabases } from "./trail-databases.ts";
import { FINDINGS, type Finding, verifyTrail } from "./verify-trail.ts";

/** A finding with the text that commands print. */
export interface Found {
  id: string;
  kind: string;
  text: string;
  /** An operator's acknowledgement of this finding; undefined for an open finding. */
  acknowledged: Acknowledgement | undefined;
}

/**
 * All findings of one service's audit trail. For auth, also the rights in its tables that the trail does not
 * explain.
 */
export async function* findingsOf(
  { service, keys, dataKeys }: Source,
  { db, witness }: TrailDatabases,
  sealedBefore: Date,
  onPage: (looked: number) => void,
): AsyncGenerator<Found> {
  const acknowledged = await new Acknowledgements(service, keys).read(db);
  const chain = new AuditChain(service, keys);
  const found = (finding: Finding | UnexplainedFinding, text: string): Found => {
    const id = findingIdOf(service, finding);
    return { id, kind: finding.kind, text, acknowledged: acknowledged.get(id) };
  };
  const trail = { service, chain, db, witness, sealedBefore };
  for await (const finding of verifyTrail(trail, onPage)) yield found(finding, describe(finding));
  if (!dataKeys) return;
  const hash = await openKeyedHash(db, new FieldCipher(...dataKeys));
  for await (const finding of findUnexplained({ db, hash }, new Date())) {
    yield found(finding, `${UNEXPLAINED[finding.kind]}: ${finding.resource}, ${finding.state}`);
  }
}

function describe({ kind, seq, eventId, time }: Finding): string {
  const where = [
    seq !== undefined && `seal ${seq}`,
    eventId !== undefined && `event ${eventId}`,
    time && (Number.isNaN(time.getTime()) ? "at no valid time" : time.toISOString()),
  ];
  return `${FINDINGS[kind]}: ${where.filter(Boolean).join(", ")}`;
}
