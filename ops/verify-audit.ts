// `npm run audit:verify`: finds changes to the audit trails that were not made by the services.
import { SERVICES, WITNESS_OF } from "@medconnect/topology/services.ts";
import { acknowledgeFinding, MIN_REASON, reasonIn } from "./audit/acknowledge-finding.ts";
import { checkTrail } from "./audit/check-trail.ts";
import { sourcesOf } from "./audit/sources.ts";
import { durationOf, runCommand } from "./command/command.ts";
import { UsageError } from "./command/setup-error.ts";

const HELP = `Checks each service's audit trail against its seals, and the seals against the checkpoints at another service.

Usage: npm run audit:verify -- [--service NAME] [--grace 2h] [--no-witness]
       npm run audit:verify -- --acknowledge ID --reason TEXT [--service NAME]

Finds events that were changed, deleted, inserted or reordered, trails that were truncated or rewritten, and checkpoints
that stopped coming. Events after the newest checkpoint can be truncated without a finding, so the age of that checkpoint
is printed. In auth, also finds admins, statuses, second factors, scopes and signing keys that no event explains, and
addresses, roles and passwords that auth did not write.

A finding stays, as the trail does. Acknowledge a finding that you have investigated: it is printed with the reason, and
no longer counts. The acknowledgement is an event in the trail, and covers one change. It ends, with another event, when
the check no longer finds it, such as a right that was taken back.

  --service NAME     Only this service's trail: ${SERVICES.join(", ")}.
  --grace TIME       Maximum age of an event without a seal, and of a seal without a checkpoint (2h).
  --no-witness       Skips the checkpoints, so that truncated trails are not found.
  --acknowledge ID   Acknowledges an existing finding.
  --reason TEXT      Reason of the acknowledgement: at least ${MIN_REASON} visible characters.
  -h, --help         Shows this.

Exit codes: 0 no open finding, 1 open findings, 2 the check failed or the arguments are wrong
Settings; default: the system that npm start runs here (STACK_JSON). --service says whose trail they are for:
  DATABASE_URL           URL of the service's database, mysql://user:password@host:port/schema
  WITNESS_DATABASE_URL   URL of the database with its checkpoints:
                         ${Object.entries(WITNESS_OF)
                           .map(([service, witness]) => `${witness} for ${service}`)
                           .join(", ")}
  AUDIT_KEY              The service's current key and all earlier ones, separated by commas.
  DATA_KEY               Auth's key, for --service auth.
`;

const CHECK_FAILED = 2;

runCommand({
  name: "audit:verify",
  help: HELP,
  options: {
    service: { type: "string" },
    grace: { type: "string", default: "2h" },
    "no-witness": { type: "boolean", default: false },
    acknowledge: { type: "string" },
    reason: { type: "string" },
  },
  errorCode: CHECK_FAILED,
  run: async (flags) => {
    const graceMs = durationOf("grace", flags.grace);
    const { acknowledge: findingId, reason } = flags;
    if ((findingId === undefined) !== (reason === undefined)) {
      throw new UsageError("--acknowledge and --reason must be given together.");
    }
    const sources = sourcesOf(flags.service, !flags["no-witness"]);
    const sealedBefore = new Date(Date.now() - graceMs);
    if (findingId !== undefined && reason !== undefined) {
      await acknowledgeFinding(sources, findingId, reasonIn(reason), sealedBefore);
      return 0;
    }
    let findings = 0;
    for (const source of sources) findings += await checkTrail(source, sealedBefore);
    return findings > 0 ? 1 : 0;
  },
});
