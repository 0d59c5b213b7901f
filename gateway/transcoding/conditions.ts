import type { IncomingMessage } from "node:http";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Route } from "../routing/routes.ts";
import type { Answer } from "./response.ts";

/** The opaque part of each entity tag in a list; `W/` makes no difference, as the comparison is weak (RFC 9110 §8.8.3.2). */
const ENTITY_TAGS = /(?:W\/)?"([!#-~]*)"/g;

/**
 * Refuses conditions that cannot hold: if ignored, a guarded change would happen unchecked. No tag matches a target without
 * one, for every method (RFC 9110 §13.1.1). Throws INVALID_REQUEST, ETAG_MISMATCH.
 */
export function assertConditions(
  { method, headers }: IncomingMessage,
  { binding, method: rpc }: Route,
): void {
  if (!isRead(method) && headers["if-none-match"] !== undefined) {
    throw invalidField("If-None-Match", "is for GET and HEAD only");
  }
  const match = headers["if-match"];
  if (match === undefined || match.trim() === "*") return;
  const isGuarded = binding.etag !== undefined && method !== "POST";
  if (!(isRead(method) ? rpc.output.field.etag : isGuarded)) {
    throw new ApiError("ETAG_MISMATCH", {
      detail: "There is no entity tag here that If-Match could name. Send the request without it.",
    });
  }
}

/**
 * The answer of a read under its conditions (RFC 9110 §13.1). If-Match requires a version of the resource.
 * If-None-Match gives 304 if the answer has not changed. Throws ETAG_MISMATCH.
 */
export function conditional({ method, headers }: IncomingMessage, answer: Answer): Answer {
  const etag = answer.headers.etag?.slice(1, -1);
  if (!isRead(method) || etag === undefined) return answer;
  const match = headers["if-match"];
  if (match !== undefined && !names(match, versionOf(etag), versionOf)) throw new ApiError("ETAG_MISMATCH");
  const noneMatch = headers["if-none-match"];
  if (noneMatch === undefined || !names(noneMatch, etag)) return answer;
  return { status: 304, headers: { etag: answer.headers.etag! }, body: "" };
}

const isRead = (method?: string): boolean => method === "GET" || method === "HEAD";

const versionOf = (etag: string): string => etag.split(".", 1)[0]!;

/** True if a list of entity tags contains `wanted`. */
const names = (list: string, wanted: string, partOf = (etag: string) => etag): boolean =>
  list.trim() === "*" || [...list.matchAll(ENTITY_TAGS)].some(([, etag]) => partOf(etag!) === wanted);
