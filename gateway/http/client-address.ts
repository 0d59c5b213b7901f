import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import express from "express";

/** Whether the proxy at this address is trusted; `hop` counts from the gateway outwards. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** @param trusted number of proxies in front, or their CIDRs, as Express reads them */
export const trustedProxies = (trusted: number | string[], log: Logger): Proxies =>
  new Proxies(express().set("trust proxy", trusted).get("trust proxy fn"), log);

/** Reads the headers of trusted proxies. Without one, a client is its connection. */
export class Proxies {
  readonly #trusts: TrustProxy;
  readonly #log: Logger;
  #isTold = false;

  constructor(trusts: TrustProxy, log: Logger) {
    this.#trusts = trusts;
    this.#log = log;
  }

  /** Whether the peer of a connection is a trusted proxy. */
  isProxy(peer: string): boolean {
    return this.#trusts(peer, 0);
  }

  /** The client's address: the last of X-Forwarded-For that no trusted proxy has. Empty after the connection closed. */
  addressOf({ headers, socket }: IncomingMessage): string {
    const peer = socket.remoteAddress ?? "";
    const forwarded = headers["x-forwarded-for"];
    if (forwarded === undefined) return peer;
    if (!this.isProxy(peer)) this.#warn();
    const hops = [...String(forwarded).split(","), peer]
      .map((hop) => hop.trim())
      .filter((hop) => hop !== "")
      .reverse();
    const client = hops.find((address, hop) => !this.#trusts(address, hop)) ?? hops.at(-1) ?? "";
    return isIP(client) ? client : peer;
  }

  /** `https` if the client's connection to the outermost trusted proxy was. */
  schemeOf({ headers, socket }: IncomingMessage): string {
    const forwarded = headers["x-forwarded-proto"];
    if (forwarded === undefined || !this.isProxy(socket.remoteAddress ?? "")) return "http";
    return String(forwarded).split(",", 1)[0]!.trim();
  }

  /**
   * Once. Where the peer is a load balancer, all clients behind it are one, and share its limits and lockouts; anybody can
   * send the header, too, so it means no harm by itself.
   */
  #warn(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#log.warn(
      "X-Forwarded-For of a peer that TRUST_PROXY does not name: whoever is behind it counts as one",
    );
  }
}
