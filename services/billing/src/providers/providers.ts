import type { Provider } from "./provider.ts";
import { TimedProvider } from "./timed-provider.ts";

/** The configured payment providers, whose calls are timed. Each finishes the payments that started with it. */
export class Providers {
  /** Provider of new attempts. */
  readonly current: Provider;
  readonly #byName: ReadonlyMap<string, Provider>;

  /** Throws if none of the providers has the name `current`. */
  constructor(current: string, providers: readonly Provider[]) {
    this.#byName = new Map(providers.map((provider) => [provider.name, new TimedProvider(provider)]));
    this.current = this.of({ provider: current });
  }

  find(name: string): Provider | undefined {
    return this.#byName.get(name);
  }

  /** Returns the provider of a payment's latest attempt. Throws if this provider is no longer configured. */
  of({ provider: name }: { provider: string }): Provider {
    const provider = this.#byName.get(name);
    if (!provider) throw new Error(`the payment provider ${name} is not configured`);
    return provider;
  }
}
