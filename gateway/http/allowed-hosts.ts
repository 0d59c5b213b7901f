import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { LOOPBACK, LOOPBACK_HOSTS } from "./loopback.ts";

/** Longest part of a Host that an error repeats. */
const MAX_SHOWN = 64;
/** Load balancers and orchestrators probe by address. The answers hold nothing. */
const PROBES = new Set(["/healthz", "/readyz"]);

/**
 * Checks the Host of requests against DNS rebinding: a page of another site, whose name an attacker has made
 * resolve to this machine, would otherwise read this API like a page of its own.
 *
 * @param allowed host names without ports, or `loopback`; none: every host
 * @param apiUrl its host is allowed, too
 * @returns a function that returns HOST_NOT_ALLOWED, or undefined for an allowed host
 */
export function hostErrors(allowed: readonly string[], apiUrl: string) {
  const named = allowed.flatMap((host) => (host === LOOPBACK ? LOOPBACK_HOSTS : host.toLowerCase()));
  const hosts = new Set([...named, new URL(apiUrl).hostname]);
  return ({ headers: { host }, url = "" }: IncomingMessage): ApiError | undefined => {
    if (allowed.length === 0 || host === undefined || PROBES.has(url)) return undefined;
    if (hosts.has(nameIn(host))) return undefined;
    const detail = `Host ${host.slice(0, MAX_SHOWN)} is not allowed. Call ${apiUrl}, or add the host to the setting ALLOWED_HOSTS.`;
    return new ApiError("HOST_NOT_ALLOWED", { detail });
  };
}

/** Host without its port, such as `[::1]` of `[::1]:8080`. */
const nameIn = (host: string): string => host.replace(/:\d*$/, "").toLowerCase();
