/**
 * A function that handles a call, from one layer inwards to the use case. Resolves to the response, or
 * throws.
 */
export type Step<Call> = (call: Call) => Promise<unknown>;

/**
 * Wraps the next step. A layer may inspect the response or error of the next step, pass a call with more
 * properties (`Known`) to that step, or refuse the call without running the step.
 */
export type Layer<Call, Known> = (next: Step<Known>) => Step<Call>;

/**
 * Composes layers from the outermost to the innermost. The layers of an RPC are composed once, at start-up,
 * so a request pays only for running them.
 *
 * ```ts
 * const handle = Layers.from(limitLoad(load)).add(locate(proof)).around(useCase);
 * await handle(received); // limitLoad → locate → useCase
 * ```
 */
export class Layers<Call, Known> {
  readonly #compose: Layer<Call, Known>;

  private constructor(compose: Layer<Call, Known>) {
    this.#compose = compose;
  }

  static from<Call, Known>(outermost: Layer<Call, Known>): Layers<Call, Known> {
    return new Layers(outermost);
  }

  /** Adds a layer inside all layers that were added before. */
  add<More>(layer: Layer<Known, More>): Layers<Call, More> {
    return new Layers((next) => this.#compose(layer(next)));
  }

  around(core: Step<Known>): Step<Call> {
    return this.#compose(core);
  }
}
