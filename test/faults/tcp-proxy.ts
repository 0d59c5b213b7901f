import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** State of a network link. */
export type Weather =
  /** Delivers data after this delay. */
  | { kind: "open"; latencyMs: number }
  /**
   * Delivers nothing, and closes no connection. When the link is open again, it delivers the delayed data, as
   * TCP would retransmit it.
   */
  | { kind: "blackhole" }
  /** Resets existing connections and new connections. */
  | { kind: "reset" };

export const CLEAR: Weather = { kind: "open", latencyMs: 0 };

/** A TCP proxy that can delay or cut a link. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #lines = new Set<Line>();
  #weather: Weather = CLEAR;

  constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#carry(near));
  }

  /** @param target port on this machine to which connections are forwarded */
  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    if (weather.kind === "reset") for (const socket of this.#sockets) socket.resetAndDestroy();
    for (const line of this.#lines) line.setWeather(weather);
  }

  /**
   * Drops the data of all open connections without closing them, as after a power loss or a firewall's
   * restart. Accepts new connections.
   */
  lose(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners("data");
      socket.removeAllListeners("end");
      socket.resume();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server.close(), "close");
  }

  #carry(near: Socket): void {
    this.#keep(near);
    if (this.#weather.kind === "reset") {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target, "127.0.0.1");
    this.#keep(far);
    this.#pass(near, far);
    this.#pass(far, near);
  }

  #pass(from: Socket, to: Socket): void {
    const line = new Line(this.#weather);
    this.#lines.add(line);
    from.on("data", (bytes) => line.send(() => to.write(bytes)));
    from.on("end", () => line.send(() => to.end()));
    from.on("close", () => {
      line.send(() => {
        to.destroy();
        this.#lines.delete(line);
      });
    });
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    // Ignored, because an error also closes the socket. The proxy then closes the other side.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** One direction of a connection. Delivers data in order, however the state of the link changes. */
class Line {
  #weather: Weather;
  #underway: { dueMs: number; arrive: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(weather: Weather) {
    this.#weather = weather;
  }

  setWeather(weather: Weather): void {
    this.#weather = weather;
    this.#deliver();
  }

  send(arrive: () => void): void {
    const latencyMs = this.#weather.kind === "open" ? this.#weather.latencyMs : 0;
    this.#underway.push({ dueMs: performance.now() + latencyMs, arrive });
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    if (this.#weather.kind === "blackhole") return;
    for (let [next] = this.#underway; next; [next] = this.#underway) {
      const leftMs = next.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), leftMs);
        return;
      }
      this.#underway.shift();
      next.arrive();
    }
  }
}
