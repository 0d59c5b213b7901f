import type { Clock } from "@medconnect/platform/clock.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Provider } from "./provider.ts";
import { StubProvider } from "./stub-provider.ts";

export interface ProviderSettings {
  NODE_ENV?: string | undefined;
  PAYMENT_PROVIDER: "stub";
  ALLOW_STUB_PROVIDER: boolean;
  STUB_SETTLE_DELAY: number;
  STUB_ACTION_URL: string;
}

/** The provider that the settings name. Throws for one that must not be used there. */
export function createProvider(settings: ProviderSettings, db: Database, clock: Clock): Provider {
  switch (settings.PAYMENT_PROVIDER) {
    case "stub":
      return createStub(settings, db, clock);
  }
}

function createStub(settings: ProviderSettings, db: Database, clock: Clock): Provider {
  if (settings.NODE_ENV === "production" && !settings.ALLOW_STUB_PROVIDER) {
    throw new Error(
      "PAYMENT_PROVIDER=stub moves no money; ALLOW_STUB_PROVIDER=true lets it run in production all the same",
    );
  }
  return new StubProvider({
    db,
    clock,
    settleDelayMs: settings.STUB_SETTLE_DELAY,
    actionUrl: settings.STUB_ACTION_URL,
  });
}
