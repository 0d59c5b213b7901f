// `npm run reconcile`: has scheduling compare its bookings with billing and clinical, with the settings of the system
// that runs here, or with those in the environment.
import { join } from "node:path";
import { tlsSettings } from "./local/processes.ts";
import { inheritSettings } from "./running-stack.ts";

inheritSettings({
  instead: "DATABASE_URL and scheduling's other settings",
  settingsOf: (stack) => ({
    DATABASE_URL: stack.databaseOf("scheduling"),
    DATA_KEY: stack.secrets.dataKeys.scheduling,
    INTERNAL_KEY: stack.secrets.internalKey,
    CLINICAL_ADDRESS: stack.json.addresses.clinical,
    BILLING_ADDRESS: stack.json.addresses.billing,
    ...(stack.json.certificates !== undefined && tlsSettings(join(stack.json.certificates, "scheduling"))),
  }),
  // As the command says it: 1 is for disagreements.
  exitCode: 2,
});
// It reads arguments and settings by itself.
await import("@medconnect/scheduling/src/reconcile.ts");
