import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";

const SWEEP_MS = 1000;
/** Node's channel for every stream that a client opens, including those that grpc-js answers before any handler. */
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
  readonly openedAtMs: number;
  bytes: number;
}

/** A complete request. */
interface Finished {
  readonly connection: Http2Session | undefined;
  /** The last time at which the answer's write buffer was empty. */
  freeAtMs: number;
  /** The last sweep found the answer begun. */
  isBegun: boolean;
}

/**
 * Closes idle streams, which hold memory: grpc-js waits for a request, and for its client to read the answer, as long as
 * the connection lasts. Beyond `maxUnfinished`, a new stream displaces the oldest unfinished one, so a client with many
 * streams loses its own. Beyond `unfinishedBytes`, new data displaces the oldest ones that have sent data. A displaced stream
 * is refused as not processed (RFC 9113 §8.7), which gRPC clients retry.
 *
 * Beyond `maxFinished`, a complete request displaces the oldest answer that began over a second ago: one without an end, such
 * as a health watch, on a connection with more than its share; then one on any connection; then a complete one that nobody
 * has read. In a burst, a younger one without an end on a connection with more than its share. Its client gets
 * RESOURCE_EXHAUSTED. A running call has not begun its answer.
 */
export class OpenStreams {
  readonly #limits: StreamLimits;
  /** Streams with an incomplete request, in opening order. */
  readonly #unfinished = new Map<ServerHttp2Stream, Unfinished>();
  #unfinishedBytes = 0;
  readonly #finished = new Map<ServerHttp2Stream, Finished>();
  /** Those that two sweeps have found with an answer, so that it began over a second ago. */
  readonly #old = new Set<ServerHttp2Stream>();
  /** Number of streams with a complete request, by connection. */
  readonly #finishedOf = new Map<Http2Session | undefined, number>();
  #sweeping: NodeJS.Timeout | undefined;
  /** All streams were searched in this turn of the event loop, and too many are left. */
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
    this.#unfinished.set(stream, { openedAtMs: performance.now(), bytes: 0 });
    // Nothing flows before grpc-js listens. A listener before that would start the flow.
    stream.once("resume", () => stream.on("data", (part: Buffer) => this.#received(stream, part.length)));
    stream.once("end", () => {
      if (this.#forget(stream)) this.#finish(stream);
    });
    stream.once("close", () => {
      this.#forget(stream);
      this.#end(stream);
    });
    if (this.#unfinished.size > this.#limits.maxUnfinished) this.#displaceOldest(() => true);
  };

  #received(stream: ServerHttp2Stream, bytes: number): void {
    const request = this.#unfinished.get(stream);
    if (!request) return;
    request.bytes += bytes;
    this.#unfinishedBytes += bytes;
    const { unfinishedBytes } = this.#limits;
    while (this.#unfinishedBytes > unfinishedBytes) this.#displaceOldest((each) => each.bytes > 0);
  }

  #displaceOldest(isMeant: (request: Unfinished) => boolean): void {
    for (const [stream, request] of this.#unfinished) {
      if (!isMeant(request)) continue;
      this.#forget(stream);
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
  }

  #finish(stream: ServerHttp2Stream): void {
    const connection = stream.session;
    this.#finished.set(stream, { connection, freeAtMs: performance.now(), isBegun: false });
    this.#finishedOf.set(connection, (this.#finishedOf.get(connection) ?? 0) + 1);
    this.#displaceAnswered();
  }

  #end(stream: ServerHttp2Stream): void {
    const request = this.#finished.get(stream);
    if (!request) return;
    this.#finished.delete(stream);
    this.#old.delete(stream);
    const left = this.#finishedOf.get(request.connection)! - 1;
    if (left > 0) this.#finishedOf.set(request.connection, left);
    else this.#finishedOf.delete(request.connection);
  }

  #displaceAnswered(): void {
    const { maxFinished } = this.#limits;
    if (this.#finished.size <= maxFinished || this.#isSearched) return;
    const isEndless = (stream: ServerHttp2Stream) => stream.headersSent && !stream.writableEnded;
    const isAboveShare = (stream: ServerHttp2Stream) =>
      this.#finishedOf.get(this.#finished.get(stream)!.connection)! > maxFinished / this.#finishedOf.size;
    this.#displace(this.#old, (stream) => isEndless(stream) && isAboveShare(stream));
    this.#displace(this.#old, isEndless);
    this.#displace(this.#old, () => true);
    // Younger complete answers may be on their way to clients that read them.
    this.#displace(this.#finished.keys(), (stream) => isEndless(stream) && isAboveShare(stream));
    if (this.#finished.size <= maxFinished) return;
    // No answer begins within this turn. A search for each request of a burst would take quadratic time.
    this.#isSearched = true;
    setImmediate(() => {
      this.#isSearched = false;
    });
  }

  /** Closes the oldest streams that are meant, until no more are open than may be. */
  #displace(streams: Iterable<ServerHttp2Stream>, isMeant: (stream: ServerHttp2Stream) => boolean): void {
    for (const stream of streams) {
      if (this.#finished.size <= this.#limits.maxFinished) return;
      if (!isMeant(stream)) continue;
      this.#end(stream);
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  /** @returns true if the stream's request was incomplete */
  #forget(stream: ServerHttp2Stream): boolean {
    this.#unfinishedBytes -= this.#unfinished.get(stream)?.bytes ?? 0;
    return this.#unfinished.delete(stream);
  }

  #sweep(nowMs: number): void {
    // In a burst, no request has begun its answer yet when the last one comes.
    this.#displaceAnswered();
    const { requestMs, answerMs } = this.#limits;
    for (const [stream, { openedAtMs }] of this.#unfinished) {
      if (nowMs - openedAtMs < requestMs) break;
      stream.close(constants.NGHTTP2_CANCEL);
    }
    for (const [stream, request] of this.#finished) {
      if (request.isBegun) this.#old.add(stream);
      request.isBegun = stream.headersSent;
      if (stream.writableLength === 0 && !stream.writableEnded) request.freeAtMs = nowMs;
      else if (nowMs - request.freeAtMs >= answerMs) stream.close(constants.NGHTTP2_CANCEL);
    }
  }
}
