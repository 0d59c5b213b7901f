import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What the way between two processes does with what is sent on it. */
export type Weather =
  /** Everything arrives, each piece so many ms later. */
  | { kind: "open"; latencyMs: number }
  /** Nothing arrives, and nobody is told. What is sent comes late, once the way is open again: TCP repeats it. */
  | { kind: "blackhole" }
  /** Connections are reset, those there are and those that are tried. */
  | { kind: "reset" };

export const CLEAR: Weather = { kind: "open", latencyMs: 0 };

/** A way to a port that can be made long, or cut. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  /** What waits for the way to open. */
  #held: (() => void)[] = [];
  #weather: Weather = CLEAR;

  constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#carry(near));
  }

  /** @param target the port on this machine that it leads to */
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
    if (weather.kind !== "blackhole") for (const send of this.#held.splice(0)) send();
  }

  /**
   * Forgets all connections without telling anybody, as a machine does that loses its power, or a firewall that starts
   * again. New ones pass.
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
    from.on("data", (bytes) => this.#deliver(() => to.write(bytes)));
    from.on("end", () => this.#deliver(() => to.end()));
    from.on("close", () => this.#deliver(() => to.destroy()));
  }

  #deliver(send: () => void): void {
    if (this.#weather.kind === "blackhole") this.#held.push(send);
    else if (this.#weather.kind === "open" && this.#weather.latencyMs > 0) {
      setTimeout(send, this.#weather.latencyMs);
    } else send();
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    // A connection that ends with an error ends; whom it was for sees that.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
