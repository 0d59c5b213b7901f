/** A call's way from one layer to the use case. Resolves to the response, or throws. */
export type Step<Call> = (call: Call) => Promise<unknown>;

/** A layer around the next one, which it calls with more knowledge of the call, or not at all. */
export type Layer<Call, Known> = (next: Step<Known>) => Step<Call>;

/** Layers of an onion, from the outermost one inwards. They are composed once, so a call builds no list of them. */
export class Layers<Call, Known> {
  readonly #compose: Layer<Call, Known>;

  private constructor(compose: Layer<Call, Known>) {
    this.#compose = compose;
  }

  static from<Call, Known>(outermost: Layer<Call, Known>): Layers<Call, Known> {
    return new Layers(outermost);
  }

  /** Adds a layer inside of all others. */
  add<More>(layer: Layer<Known, More>): Layers<Call, More> {
    return new Layers((next) => this.#compose(layer(next)));
  }

  around(core: Step<Known>): Step<Call> {
    return this.#compose(core);
  }
}
