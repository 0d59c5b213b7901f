// `npm run keys`: shows and rotates the signing keys of the system that runs here, or of the database in DATABASE_URL.
import { inheritSettings } from "./running-stack.ts";

inheritSettings({
  instead: "DATABASE_URL",
  settingsOf: (stack) => ({ DATABASE_URL: stack.databaseOf("auth") }),
});
// It reads arguments and settings by itself.
await import("@medconnect/auth/src/manage-keys.ts");
