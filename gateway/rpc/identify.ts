import type { IncomingMessage } from "node:http";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { authenticate, type Identity, signedIn } from "@medconnect/platform/grpc/access.ts";
import { ANONYMOUS, type Caller } from "@medconnect/platform/identity/caller.ts";
import {
  MethodRules_Access as Access,
  MethodRules_RateClass as RateClass,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { isUnauthenticated } from "./is-unauthenticated.ts";

export interface IdentifiedCaller {
  /**
   * The caller, or the error for a refused token. The error is thrown only after the limits have counted the
   * request.
   */
  readonly caller: Caller | ApiError;
  /**
   * The caller for whom the limits count the request; undefined if the token was refused. For a public method
   * that ignores the token, `caller` is anonymous, but this is the caller of the token.
   */
  readonly limitedCaller: Caller | undefined;
}

/**
 * Reads the token as the access rule of the method requires. Rethrows errors that are not about the token,
 * such as REVOCATION_UNKNOWN.
 */
export async function identify(
  method: Method,
  request: IncomingMessage,
  identity: Identity,
): Promise<IdentifiedCaller> {
  const { authorization } = request.headers;
  const caller = await authenticate(method.rules, authorization, identity).catch(refusalOf);
  if (ignoresToken(method)) return { caller, limitedCaller: await callerOfToken(request, identity) };
  return { caller, limitedCaller: caller instanceof ApiError ? undefined : caller };
}

/** The caller of a valid token; ANONYMOUS if there is no token or an invalid one. */
export async function callerOfToken({ headers }: IncomingMessage, identity: Identity): Promise<Caller> {
  if (!headers.authorization) return ANONYMOUS;
  return await signedIn(headers.authorization, identity).catch(() => ANONYMOUS);
}

/**
 * True if a method ignores tokens for access, but its calls with a valid token are counted for the user
 * instead of the address.
 */
const ignoresToken = ({ rules: { access, rate } }: Method): boolean =>
  access === Access.PUBLIC && rate !== RateClass.AUTH && rate !== RateClass.UNLIMITED;

function refusalOf(error: unknown): ApiError {
  if (isUnauthenticated(error)) return error;
  throw error;
}
