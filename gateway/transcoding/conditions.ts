import type { IncomingMessage } from "node:http";
import { versionOf } from "@medconnect/platform/api/update-mask.ts";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Answer } from "../http/answer.ts";
import type { RequestBinding } from "./binding.ts";
import { entityTagsIn, ifMatchOf } from "./headers.ts";

/**
 * Matches each entity tag of a list, and captures the text between its quotes. If-None-Match compares weakly,
 * so `W/` is ignored (RFC 9110 §8.8.3.2).
 */
const ENTITY_TAGS = /(?:W\/)?"([!#-~]*)"/g;

/**
 * Refuses conditions (If-Match and so on) that the method cannot evaluate. If they were ignored, a change
 * would happen although its condition may be false. A resource without an entity tag matches no tag (RFC 9110
 * §13.1.1). Throws INVALID_REQUEST, ETAG_MISMATCH.
 */
export function assertConditions(request: IncomingMessage, rpc: Method, binding: RequestBinding): void {
  const { method } = request;
  if (entityTagsIn(request, "If-None-Match") !== undefined && !isRead(method)) {
    throw invalidField("If-None-Match", "is for GET and HEAD only; use If-Match for changes");
  }
  const versions = ifMatchOf(request);
  if (versions === undefined) return;
  const isGuarded = binding.etag !== undefined && method !== "POST";
  if (!(isRead(method) ? rpc.output.field.etag : isGuarded)) {
    throw new ApiError("ETAG_MISMATCH", {
      detail: "This resource has no ETag that If-Match could match. Send the request without If-Match.",
    });
  }
  if (versions.length === 0) {
    throw new ApiError("ETAG_MISMATCH", {
      detail:
        'If-Match names no version. A weak tag (W/"…") matches nothing. Send the ETag of an earlier read.',
    });
  }
}

/**
 * Applies the conditions of a read (RFC 9110 §13.1). Throws ETAG_MISMATCH if If-Match does not list the
 * current version. Answers 304 if If-None-Match lists the tag of the current answer.
 */
export function conditional(request: IncomingMessage, answer: Answer): Answer {
  const { etag: quotedTag } = answer.headers;
  if (!isRead(request.method) || quotedTag === undefined) return answer;
  const etag = quotedTag.slice(1, -1);
  if (ifMatchOf(request)?.includes(versionOf(etag)) === false) throw new ApiError("ETAG_MISMATCH");
  const noneMatch = entityTagsIn(request, "If-None-Match");
  if (noneMatch === undefined || !contains(noneMatch, etag)) return answer;
  return { status: 304, headers: { etag: quotedTag }, body: "" };
}

const isRead = (method?: string): boolean => method === "GET" || method === "HEAD";

/** True if a list of entity tags contains `wanted`. */
const contains = (list: string, wanted: string): boolean =>
  list.trim() === "*" || [...list.matchAll(ENTITY_TAGS)].some(([, etag]) => etag === wanted);
