// `npm run admin:create`: makes an administrator of the system that runs here, or of DATABASE_URL with DATA_KEY.
import { inheritSettings } from "./running-stack.ts";

inheritSettings({
  instead: "DATABASE_URL",
  settingsOf: (stack) => ({
    DATABASE_URL: stack.databaseOf("auth"),
    DATA_KEY: stack.secrets.dataKeys.auth,
  }),
});
// It reads arguments and settings by itself.
await import("@medconnect/auth/src/create-admin.ts");
