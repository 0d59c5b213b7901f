import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type ServerHttp2Stream } from "node:http2";

const SWEEP_MS = 1000;
/** Node tells here of every stream that a client opens, also of those that grpc-js answers before any handler. */
const STREAM_STARTED = "http2.server.stream.start";

export interface StreamLimits {
  /** How long a client may take to send its request. */
  readonly requestMs: number;
  /** How long a client may leave its answer in our buffers. */
  readonly answerMs: number;
  /** Streams of all connections together whose request has not come whole. */
  readonly maxUnfinished: number;
}

/**
 * Closes streams that hold memory and do nothing: grpc-js waits for a request, and for its answer to be taken, as long as
 * the connection lasts. Beyond `maxUnfinished`, the oldest unfinished stream gives way to a new one, so that a client that opens
 * many closes its own; it is refused as not processed (RFC 9113 §8.7), which gRPC clients try again by themselves.
 */
export class OpenStreams {
  readonly #limits: StreamLimits;
  /** In the order of opening, with the time of it. */
  readonly #unfinished = new Map<ServerHttp2Stream, number>();
  /** With the last time at which nothing waited to be taken by the client. */
  readonly #finished = new Map<ServerHttp2Stream, number>();
  #sweeping: NodeJS.Timeout | undefined;

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
    this.#unfinished.set(stream, performance.now());
    stream.once("end", () => {
      if (this.#unfinished.delete(stream)) this.#finished.set(stream, performance.now());
    });
    stream.once("close", () => {
      this.#unfinished.delete(stream);
      this.#finished.delete(stream);
    });
    if (this.#unfinished.size <= this.#limits.maxUnfinished) return;
    const [oldest] = this.#unfinished.keys();
    this.#unfinished.delete(oldest!);
    oldest!.close(constants.NGHTTP2_REFUSED_STREAM);
  };

  #sweep(nowMs: number): void {
    const { requestMs, answerMs } = this.#limits;
    for (const [stream, openedAtMs] of this.#unfinished) {
      if (nowMs - openedAtMs < requestMs) break;
      stream.close(constants.NGHTTP2_CANCEL);
    }
    for (const [stream, freeAtMs] of this.#finished) {
      if (stream.writableLength === 0 && !stream.writableEnded) this.#finished.set(stream, nowMs);
      else if (nowMs - freeAtMs >= answerMs) stream.close(constants.NGHTTP2_CANCEL);
    }
  }
}
