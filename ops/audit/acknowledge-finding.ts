import { commandTransactions } from "../command/command-transactions.ts";
import { SetupError, UsageError } from "../command/setup-error.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { findingsOf } from "./findings.ts";
import type { Source } from "./sources.ts";
import { withDatabases } from "./trail-databases.ts";

/** Minimum length of an acknowledgement's reason, in visible characters. */
export const MIN_REASON = 20;
const MAX_REASON = 500;

/**
 * Records that an operator acknowledges a finding. Throws if no audit trail has an open finding with this id.
 */
export async function acknowledgeFinding(
  sources: Source[],
  id: string,
  reason: string,
  sealedBefore: Date,
): Promise<void> {
  for (const source of sources) {
    const isDone = await withDatabases(source, async (databases) => {
      for await (const found of findingsOf(source, databases, sealedBefore, () => {})) {
        if (found.id !== id || found.acknowledged) continue;
        const acknowledgements = new Acknowledgements(source.service, source.keys);
        await acknowledgements.add(commandTransactions(databases.db), id, reason, new Date());
        process.stdout.write(`${source.service}: ${id} is acknowledged: ${found.text}\n`);
        return true;
      }
      return false;
    });
    if (isDone) return;
  }
  throw new SetupError(`No open finding has the id ${id}.`);
}

/**
 * Returns the reason for an acknowledgement, trimmed and normalized. Throws if it is too short or too long.
 */
export function reasonIn(text: string): string {
  const reason = text.trim().normalize("NFC");
  const visible = reason.replaceAll(/[\s\p{C}]/gu, "").length;
  if (visible >= MIN_REASON && reason.length <= MAX_REASON) return reason;
  throw new UsageError(
    `--reason must have ${MIN_REASON} visible characters, and at most ${MAX_REASON} in all.`,
  );
}
