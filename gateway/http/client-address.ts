import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import express from "express";

/** Decides whether the proxy at an address is trusted; `hop` counts from the gateway outwards. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** @param trusted number of proxies in front, or their CIDRs; Express parses both */
export const trustedProxies = (trusted: number | string[], log: Logger): TrustedProxies =>
  new TrustedProxies(express().set("trust proxy", trusted).get("trust proxy fn"), log);

/**
 * Reads the forwarding headers of trusted proxies. Without such a proxy, the client is the peer of the
 * connection.
 */
export class TrustedProxies {
  readonly #trusts: TrustProxy;
  readonly #log: Logger;
  #hasWarned = false;

  constructor(trusts: TrustProxy, log: Logger) {
    this.#trusts = trusts;
    this.#log = log;
  }

  /** True if the peer of a connection is a trusted proxy. */
  isProxy(peer: string): boolean {
    return this.#trusts(peer, 0);
  }

  /**
   * The last address in X-Forwarded-For that is no trusted proxy's, else the peer's. Empty after the
   * connection closed.
   */
  addressOf({ headers, socket }: IncomingMessage): string {
    const peer = socket.remoteAddress ?? "";
    const forwarded = headers["x-forwarded-for"];
    if (forwarded === undefined) return peer;
    if (!this.isProxy(peer)) this.#warnOnce();
    const hops = [...String(forwarded).split(","), peer]
      .map((hop) => hop.trim())
      .filter((hop) => hop !== "")
      .reverse();
    const client = hops.find((address, hop) => !this.#trusts(address, hop)) ?? hops.at(-1) ?? "";
    return isIP(client) ? client : peer;
  }

  /** Scheme of the client's connection to the outermost trusted proxy; `http` without one. */
  schemeOf({ headers, socket }: IncomingMessage): string {
    const forwarded = headers["x-forwarded-proto"];
    if (forwarded === undefined || !this.isProxy(socket.remoteAddress ?? "")) return "http";
    const [scheme = ""] = String(forwarded).split(",", 1);
    return scheme.trim();
  }

  /**
   * If the peer is a load balancer, all its clients share one address with its limits and lockouts. Any
   * client can send the header, so the warning comes once and is no alert.
   */
  #warnOnce(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      "ignored X-Forwarded-For from a peer that TRUST_PROXY does not list; if the peer is your proxy, add it, because all clients behind it share one address and its limits",
    );
  }
}
