import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { type Link, LinkedList } from "../memory/linked-list.ts";

const SWEEP_MS = 1000;
/** Node's channel for new streams, including those that grpc-js answers before any handler. */
const STREAM_STARTED = "http2.server.stream.start";

export interface StreamLimits {
  /** Time for a client to send its request, in ms. */
  readonly requestMs: number;
  /** Time for a client to read its answer, in ms. */
  readonly answerMs: number;
  /** Maximum of streams with an incomplete request, over all connections. */
  readonly maxUnfinished: number;
  /** Maximum of bytes that incomplete requests hold, over all connections. */
  readonly unfinishedBytes: number;
  /** Maximum of streams with a complete request, over all connections. */
  readonly maxFinished: number;
}

/** An incomplete request. */
interface Unfinished {
  readonly stream: ServerHttp2Stream;
  readonly openedAtMs: number;
  bytes: number;
}

/** A complete request. */
interface Finished {
  readonly stream: ServerHttp2Stream;
  readonly connection: Http2Session | undefined;
  /** Last time at which the answer's write buffer was empty. */
  freeAtMs: number;
  /** True if the last sweep found a started answer. */
  isStarted: boolean;
}

/**
 * Closes idle streams, which hold memory: grpc-js waits for a request, and for its client to read the answer,
 * as long as the connection lasts.
 *
 * Beyond `maxUnfinished`, a new stream displaces the oldest incomplete request, so a client with many streams
 * loses its own. Beyond `unfinishedBytes`, new data displaces the oldest request with data. A displaced
 * stream is refused as not processed (RFC 9113 §8.7), which gRPC clients retry.
 *
 * Beyond `maxFinished`, a complete request displaces an answer, whose client gets RESOURCE_EXHAUSTED. Running
 * calls have no answer yet, so they are safe. The oldest candidate goes first, in this order:
 *
 * 1. endless answers, such as health watches, older than a second, on connections above their share
 * 2. endless answers older than a second, on any connection
 * 3. complete answers older than a second that nobody has read
 * 4. younger endless answers on connections above their share, as in a burst
 */
export class OpenStreams {
  readonly #limits: StreamLimits;
  /** In opening order. */
  readonly #unfinished = new LinkedList<Unfinished>();
  #unfinishedBytes = 0;
  readonly #finished = new LinkedList<Finished>();
  /** Requests whose answer two sweeps have found started, so that it is older than a second. */
  readonly #old = new Set<Link<Finished>>();
  /** Number of streams with a complete request, by connection. */
  readonly #finishedOf = new Map<Http2Session | undefined, number>();
  #sweeping: NodeJS.Timeout | undefined;
  /** True if this turn of the event loop has searched all streams already, and too many are left. */
  #isSearched = false;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  watch(): void {
    subscribe(STREAM_STARTED, this.#started);
    this.#sweeping = setInterval(() => this.#sweep(performance.now()), SWEEP_MS).unref();
  }

  stop(): void {
    unsubscribe(STREAM_STARTED, this.#started);
    clearInterval(this.#sweeping);
  }

  readonly #started = (message: unknown): void => {
    const { stream } = message as { stream: ServerHttp2Stream };
    const unfinished = this.#unfinished.add({ stream, openedAtMs: performance.now(), bytes: 0 });
    let finished: Link<Finished> | undefined;
    // Adds the data listener after the one of grpc-js, because an earlier listener would start the flow.
    stream.once("resume", () => stream.on("data", (part: Buffer) => this.#received(unfinished, part.length)));
    stream.once("end", () => {
      if (this.#forget(unfinished)) finished = this.#finish(stream);
    });
    stream.once("close", () => {
      this.#forget(unfinished);
      if (finished) this.#end(finished);
    });
    if (this.#unfinished.size > this.#limits.maxUnfinished) this.#displaceOldest(() => true);
  };

  #received({ item: request, isListed }: Link<Unfinished>, bytes: number): void {
    if (!isListed) return;
    request.bytes += bytes;
    this.#unfinishedBytes += bytes;
    const { unfinishedBytes } = this.#limits;
    while (this.#unfinishedBytes > unfinishedBytes) this.#displaceOldest((each) => each.bytes > 0);
  }

  #displaceOldest(matches: (request: Unfinished) => boolean): void {
    for (const unfinished of this.#unfinished) {
      if (!matches(unfinished.item)) continue;
      this.#forget(unfinished);
      unfinished.item.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
  }

  #finish(stream: ServerHttp2Stream): Link<Finished> {
    const connection = stream.session;
    const finished = this.#finished.add({
      stream,
      connection,
      freeAtMs: performance.now(),
      isStarted: false,
    });
    this.#finishedOf.set(connection, (this.#finishedOf.get(connection) ?? 0) + 1);
    this.#displaceAnswered();
    return finished;
  }

  #end(finished: Link<Finished>): void {
    if (!this.#finished.delete(finished)) return;
    this.#old.delete(finished);
    const { connection } = finished.item;
    // `#finish` has counted the connection.
    const left = this.#finishedOf.get(connection)! - 1;
    if (left > 0) this.#finishedOf.set(connection, left);
    else this.#finishedOf.delete(connection);
  }

  #displaceAnswered(): void {
    const { maxFinished } = this.#limits;
    if (this.#finished.size <= maxFinished || this.#isSearched) return;
    const isEndless = ({ stream }: Finished) => stream.headersSent && !stream.writableEnded;
    // `#finish` has counted the connection.
    const isAboveShare = ({ connection }: Finished) =>
      this.#finishedOf.get(connection)! > maxFinished / this.#finishedOf.size;
    this.#displace(this.#old, (each) => isEndless(each) && isAboveShare(each));
    this.#displace(this.#old, isEndless);
    this.#displace(this.#old, () => true);
    // Younger complete answers stay, because their clients may be reading them.
    this.#displace(this.#finished, (each) => isEndless(each) && isAboveShare(each));
    if (this.#finished.size <= maxFinished) return;
    // No answer starts within this turn, and a search for each request of a burst would take quadratic time.
    this.#isSearched = true;
    setImmediate(() => {
      this.#isSearched = false;
    });
  }

  /** Closes the oldest matching streams, until the number of streams is within the limit. */
  #displace(streams: Iterable<Link<Finished>>, matches: (request: Finished) => boolean): void {
    for (const finished of streams) {
      if (this.#finished.size <= this.#limits.maxFinished) return;
      if (!matches(finished.item)) continue;
      this.#end(finished);
      finished.item.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  /** @returns true if the stream's request was incomplete */
  #forget(unfinished: Link<Unfinished>): boolean {
    if (!this.#unfinished.delete(unfinished)) return false;
    this.#unfinishedBytes -= unfinished.item.bytes;
    return true;
  }

  #sweep(nowMs: number): void {
    // When the last request of a burst arrived, no answer of the burst had started.
    this.#displaceAnswered();
    const { requestMs, answerMs } = this.#limits;
    for (const { item } of this.#unfinished) {
      if (nowMs - item.openedAtMs < requestMs) break;
      item.stream.close(constants.NGHTTP2_CANCEL);
    }
    for (const finished of this.#finished) {
      const { item: request } = finished;
      const { stream } = request;
      if (request.isStarted) this.#old.add(finished);
      request.isStarted = stream.headersSent;
      if (stream.writableLength === 0 && !stream.writableEnded) request.freeAtMs = nowMs;
      else if (nowMs - request.freeAtMs >= answerMs) stream.close(constants.NGHTTP2_CANCEL);
    }
  }
}
