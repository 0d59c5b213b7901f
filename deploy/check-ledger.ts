// `npm run ledger:check`: checks billing's ledger, of the system that runs here or of DATABASE_URL.
import { inheritSettings } from "./running-stack.ts";

inheritSettings({
  instead: "DATABASE_URL",
  settingsOf: (stack) => ({ DATABASE_URL: stack.databaseOf("billing") }),
  // As the command says it: 1 is for what does not agree.
  exitCode: 2,
});
// It reads arguments and settings by itself.
await import("@medconnect/billing/src/check-ledger.ts");
