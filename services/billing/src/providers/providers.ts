import type { Provider } from "./provider.ts";

/** Who may move money here: one takes what is new, and each ends what was begun with it. */
export class Providers {
  /** Takes new attempts. */
  readonly current: Provider;
  readonly #byName: ReadonlyMap<string, Provider>;

  /** Throws if none of them is called `current`. */
  constructor(current: string, providers: readonly Provider[]) {
    this.#byName = new Map(providers.map((provider) => [provider.name, provider]));
    this.current = this.of({ provider: current });
  }

  /** Undefined where no provider of that name is set up. */
  find(name: string): Provider | undefined {
    return this.#byName.get(name);
  }

  /** The provider that a payment's last attempt was made with. Throws where it is not set up any more. */
  of({ provider: name }: { provider: string }): Provider {
    const provider = this.#byName.get(name);
    if (!provider) throw new Error(`the payment provider ${name} is not set up here`);
    return provider;
  }
}
