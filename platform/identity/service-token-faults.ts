import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload } from "jose";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { LogPace } from "../telemetry/log-pace.ts";
import { counter } from "../telemetry/metrics.ts";

export const SERVICE_TOKEN_TYPE = "svc+jwt";

const countRefused = counter(
  "service_tokens.refused",
  "Service tokens refused because of a fault of the deployment, by reason: key, clock or address",
);

/** A fault of the deployment, with the message for the caller, whose log shows it. */
interface Fault {
  readonly reason: "key" | "clock" | "address";
  readonly caller: string;
  readonly detail: string;
}

const MESSAGES = {
  key: "a caller has another INTERNAL_KEY",
  clock: "a caller's token has expired, so the clocks differ",
  address: "a caller has a wrong address, and calls this service for another one",
};

/**
 * Names the faults of a deployment that show in refused service tokens: another INTERNAL_KEY, clocks that
 * differ, an address of another service. Each is counted, logged at most once a minute, and told to the caller.
 */
export class ServiceTokenFaults {
  readonly #self: string;
  readonly #log: Logger | undefined;
  readonly #pace = new LogPace();

  constructor(self: string, log?: Logger) {
    this.#self = self;
    this.#log = log;
  }

  /** Makes the error for a token. @param error why jose refuses the token */
  refusalOf(token: string, error: unknown): ApiError {
    const fault = this.#faultOf(token, error);
    if (!fault) return new ApiError("UNAUTHENTICATED", { cause: error });
    const { reason, caller, detail } = fault;
    countRefused({ reason });
    if (this.#pace.admits(reason)) this.#log?.warn({ caller, reason }, MESSAGES[reason]);
    return new ApiError("UNAUTHENTICATED", { detail, cause: error });
  }

  /** Undefined for anything that is not a service token of this deployment, or that may be an attack. */
  #faultOf(token: string, error: unknown): Fault | undefined {
    if (error instanceof errors.JWTExpired) {
      // biome-ignore lint/style/noNonNullAssertion: an expired token has `exp`
      const seconds = Math.round(Date.now() / 1000 - error.payload.exp!);
      const detail = `The service token expired ${seconds} s ago by the clock of ${this.#self}. Synchronize the clocks of both machines.`;
      return { reason: "clock", caller: nameIn(error.payload), detail };
    }
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud") {
      const detail = `The service token is for ${error.payload.aud}, and this is ${this.#self}. Correct the address in the caller's settings.`;
      return { reason: "address", caller: nameIn(error.payload), detail };
    }
    if (error instanceof errors.JWSSignatureVerificationFailed && isServiceToken(token)) {
      const detail = `The service token is signed with an INTERNAL_KEY that ${this.#self} does not have. Set the same key for all processes.`;
      return { reason: "key", caller: nameIn(decodeJwt(token)), detail };
    }
    return undefined;
  }
}

const isServiceToken = (token: string): boolean => decodeProtectedHeader(token).typ === SERVICE_TOKEN_TYPE;

/** The caller's name for the log. With a wrong signature it is only a claim, so other texts are left out. */
const nameIn = ({ iss = "" }: JWTPayload): string => (/^[a-z]{1,32}$/.test(iss) ? iss : "unknown");
