// `npm run mails`: shows the mails that auth has not sent yet, of the system that runs here or of DATABASE_URL.
import { inheritSettings } from "./running-stack.ts";

inheritSettings({
  instead: "DATABASE_URL",
  settingsOf: (stack) => ({ DATABASE_URL: stack.databaseOf("auth") }),
});
// It reads arguments and settings by itself.
await import("@medconnect/auth/src/manage-mails.ts");
