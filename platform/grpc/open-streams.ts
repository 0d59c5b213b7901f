import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { type Link, LinkedList } from "../memory/linked-list.ts";

const SWEEP_MS = 1000;
/**
 * Name of Node's diagnostics channel for new streams. The channel also reports streams that grpc-js answers
 * without a handler.
 */
const STREAM_STARTED = "http2.server.stream.start";

export interface StreamLimits {
  /** Time that a client gets to send its request, in ms. */
  readonly requestMs: number;
  /** Time that a client gets to read its answer, in ms. */
  readonly answerMs: number;
  /** Maximum number of streams with an incomplete request, over all connections. */
  readonly maxUnfinished: number;
  /** Maximum size of all incomplete requests together, over all connections, in bytes. */
  readonly unfinishedBytes: number;
  /** Maximum number of streams with a complete request, over all connections. */
  readonly maxFinished: number;
}

/** A stream whose request is incomplete. */
interface Unfinished {
  readonly stream: ServerHttp2Stream;
  readonly openedAtMs: number;
  bytes: number;
}

/** A stream whose request is complete: the call runs, or its answer is being sent. */
interface Finished {
  readonly stream: ServerHttp2Stream;
  readonly connection: Http2Session | undefined;
  /** Last time at which `#sweep` found that the client had read all data of the answer sent so far. */
  freeAtMs: number;
  /** True if the last `#sweep` found that the server had started to send the answer. */
  isStarted: boolean;
}

/**
 * Closes streams that hold memory for nothing. grpc-js itself would wait for the rest of a request, and for
 * the client to read the answer, as long as the connection lasts.
 *
 * - Too many incomplete requests (`maxUnfinished`): a new stream closes the oldest stream with an incomplete
 *   request. A client that opens many streams thus loses its own.
 * - Too many bytes in incomplete requests (`unfinishedBytes`): new data closes the oldest stream whose
 *   incomplete request has data.
 * - Too many complete requests (`maxFinished`): a new complete request closes a stream whose answer has been
 *   started. The client of that stream gets RESOURCE_EXHAUSTED. Calls that still run are never closed.
 *
 * A stream that makes room while its request is incomplete is closed with REFUSED_STREAM. This code means
 * that the request was not processed (RFC 9113 §8.7), so gRPC clients retry.
 *
 * If there are too many complete requests, streams are closed in this order, the oldest of each kind first:
 *
 * 1. unfinished answers, such as health watches, older than a second, on connections with more than an equal
 *    share of the streams
 * 2. unfinished answers, older than a second, on any connection
 * 3. finished answers, older than a second, that the client has not read to the end
 * 4. younger unfinished answers, on connections with more than an equal share, as in a burst
 */
export class OpenStreams {
  readonly #limits: StreamLimits;
  /** Streams with an incomplete request, in the order in which they were opened. */
  readonly #unfinished = new LinkedList<Unfinished>();
  #unfinishedBytes = 0;
  readonly #finished = new LinkedList<Finished>();
  /** Streams with an answer older than a second: two runs of `#sweep` have found the answer started. */
  readonly #old = new Set<Link<Finished>>();
  /** Number of streams with a complete request, by connection. */
  readonly #finishedOf = new Map<Http2Session | undefined, number>();
  #sweeping: NodeJS.Timeout | undefined;
  /**
   * True if a search in this turn of the event loop could not close enough streams, so another search would
   * be useless.
   */
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
    // Adds the data listener after grpc-js has added its own listener. A listener that comes first would
    // start the flow of data.
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
    // biome-ignore lint/style/noNonNullAssertion: `#finish` has counted the connection
    const left = this.#finishedOf.get(connection)! - 1;
    if (left > 0) this.#finishedOf.set(connection, left);
    else this.#finishedOf.delete(connection);
  }

  #displaceAnswered(): void {
    const { maxFinished } = this.#limits;
    if (this.#finished.size <= maxFinished || this.#isSearched) return;
    const isEndless = ({ stream }: Finished) => stream.headersSent && !stream.writableEnded;
    const isAboveShare = ({ connection }: Finished) =>
      // biome-ignore lint/style/noNonNullAssertion: `#finish` has counted the connection
      this.#finishedOf.get(connection)! > maxFinished / this.#finishedOf.size;
    this.#displace(this.#old, (each) => isEndless(each) && isAboveShare(each));
    this.#displace(this.#old, isEndless);
    this.#displace(this.#old, () => true);
    // Complete answers younger than a second stay open, because their clients may still be reading them.
    this.#displace(this.#finished, (each) => isEndless(each) && isAboveShare(each));
    if (this.#finished.size <= maxFinished) return;
    // Searches once per turn of the event loop, because a search for each request of a burst would take
    // quadratic time. Within a turn, no answer starts, so a second search would find nothing.
    this.#isSearched = true;
    setImmediate(() => {
      this.#isSearched = false;
    });
  }

  /** Closes matching streams, the oldest first, until their number is within `maxFinished`. */
  #displace(streams: Iterable<Link<Finished>>, matches: (request: Finished) => boolean): void {
    for (const finished of streams) {
      if (this.#finished.size <= this.#limits.maxFinished) return;
      if (!matches(finished.item)) continue;
      this.#end(finished);
      finished.item.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  /** Removes a stream from the list of incomplete requests. @returns false if it was not in the list */
  #forget(unfinished: Link<Unfinished>): boolean {
    if (!this.#unfinished.delete(unfinished)) return false;
    this.#unfinishedBytes -= unfinished.item.bytes;
    return true;
  }

  #sweep(nowMs: number): void {
    // Searches again for streams to close. When the last request of a burst arrived, no answer of the burst
    // had been started, so none of its streams could be closed.
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
