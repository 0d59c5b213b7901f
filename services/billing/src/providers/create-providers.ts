import type { Platform } from "@medconnect/platform/service/service.ts";
import type { Provider } from "./provider.ts";
import { Providers } from "./providers.ts";
import { StubProvider } from "./stub-provider.ts";

export interface ProviderSettings {
  NODE_ENV?: string | undefined;
  PAYMENT_PROVIDER: "stub" | "stripe";
  ALLOW_STUB_PROVIDER: boolean;
  STUB_PENDING_DELAY: number;
  STUB_AUTHORIZATION_TTL: number;
  STUB_ACTION_URL: string;
  STUB_WEBHOOK_URL?: string | undefined;
  STUB_WEBHOOK_SECRET?: string | undefined;
  STRIPE_API_KEY?: string | undefined;
  STRIPE_WEBHOOK_SECRET?: string | undefined;
  STRIPE_RETURN_URL?: string | undefined;
  STRIPE_API_URL: string;
}

type ProviderPlatform = Pick<Platform, "db" | "clock" | "businessClock" | "log">;

/**
 * Creates the provider that PAYMENT_PROVIDER names, and every other provider that the settings configure. So
 * each payment can finish with the provider it started with. Throws for incomplete settings, and if
 * PAYMENT_PROVIDER names the stub in production without ALLOW_STUB_PROVIDER.
 */
export async function createProviders(
  settings: ProviderSettings,
  platform: ProviderPlatform,
): Promise<Providers> {
  const { NODE_ENV, PAYMENT_PROVIDER, ALLOW_STUB_PROVIDER, STRIPE_API_KEY } = settings;
  const isUsed = {
    stub: PAYMENT_PROVIDER === "stub" || NODE_ENV !== "production" || ALLOW_STUB_PROVIDER,
    stripe: PAYMENT_PROVIDER === "stripe" || STRIPE_API_KEY !== undefined,
  };
  const providers = [
    ...(isUsed.stub ? [createStub(settings, platform)] : []),
    ...(isUsed.stripe ? [await createStripe(settings, platform)] : []),
  ];
  return new Providers(PAYMENT_PROVIDER, providers);
}

function createStub(
  settings: ProviderSettings,
  { db, clock, businessClock, log }: ProviderPlatform,
): Provider {
  if (settings.NODE_ENV === "production" && !settings.ALLOW_STUB_PROVIDER) {
    throw new Error(
      "PAYMENT_PROVIDER=stub moves no money. " +
        "Set PAYMENT_PROVIDER=stripe, or ALLOW_STUB_PROVIDER=true to use the stub in production",
    );
  }
  if (settings.STUB_WEBHOOK_URL && !settings.STUB_WEBHOOK_SECRET) {
    throw new Error("STUB_WEBHOOK_URL needs STUB_WEBHOOK_SECRET to sign webhooks");
  }
  return new StubProvider({
    db,
    clock,
    businessClock,
    log,
    pendingDelayMs: settings.STUB_PENDING_DELAY,
    authorizationMs: settings.STUB_AUTHORIZATION_TTL,
    actionUrl: settings.STUB_ACTION_URL,
    webhookUrl: settings.STUB_WEBHOOK_URL,
    webhookSecret: settings.STUB_WEBHOOK_SECRET,
  });
}

async function createStripe(settings: ProviderSettings, { clock }: ProviderPlatform): Promise<Provider> {
  const { STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_RETURN_URL, STRIPE_API_URL } = settings;
  if (!STRIPE_API_KEY || !STRIPE_WEBHOOK_SECRET || !STRIPE_RETURN_URL) {
    throw new Error(
      "Stripe needs STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET and STRIPE_RETURN_URL; set all three",
    );
  }
  // Imported only when needed, because the Stripe library takes 24 MB of memory.
  const { StripeProvider } = await import("./stripe-provider.ts");
  return new StripeProvider({
    apiKey: STRIPE_API_KEY,
    webhookSecret: STRIPE_WEBHOOK_SECRET,
    returnUrl: STRIPE_RETURN_URL,
    apiUrl: STRIPE_API_URL,
    clock,
  });
}
