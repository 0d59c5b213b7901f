import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import express from "express";

/**
 * Decides whether the proxy at an address is trusted. `hop` is 0 for the peer of the connection, 1 for the
 * next proxy towards the client, and so on.
 */
export type TrustProxy = (address: string, hop: number) => boolean;

/**
 * Makes the proxies from `TRUST_PROXY`.
 *
 * @param trusted number of proxies in front of the gateway, or their CIDRs
 */
export const trustedProxies = (trusted: number | string[], log: Logger): TrustedProxies =>
  new TrustedProxies(express().set("trust proxy", trusted).get("trust proxy fn"), log);

/**
 * Reads the X-Forwarded-* headers, if the peer of the connection is a trusted proxy. Otherwise the peer is
 * the client.
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
   * Address of the client. Starts at the peer and goes back through X-Forwarded-For to the first address that
   * is not a trusted proxy. If all are trusted, takes the address that is farthest from the gateway. If the
   * result is not an IP address, takes the peer. Empty after the connection has closed.
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

  /**
   * Scheme that the client used, `http` or `https`: the first value of X-Forwarded-Proto if the peer is a
   * trusted proxy, or else `http`.
   */
  schemeOf({ headers, socket }: IncomingMessage): string {
    const forwarded = headers["x-forwarded-proto"];
    if (forwarded === undefined || !this.isProxy(socket.remoteAddress ?? "")) return "http";
    const [scheme = ""] = String(forwarded).split(",", 1);
    return scheme.trim().toLowerCase() === "https" ? "https" : "http";
  }

  /**
   * Warns that a peer sends forwarding headers but is not trusted. If the peer is a load balancer, all its
   * clients share the limits and lockouts of one address. Clients can send these headers, too, so the warning
   * is logged only once.
   */
  #warnOnce(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      "ignored X-Forwarded-For from a peer that TRUST_PROXY does not list; if the peer is your proxy, add it, because all clients behind it share one address and its limits",
    );
  }
}
