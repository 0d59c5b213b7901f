import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { CHALLENGE_TTL_S, type Challenge } from "./challenge.ts";
import { insertChallenge } from "./mfa-store.ts";
import { makeMfaToken } from "./mfa-token.ts";

/** Stores a challenge for the second factor, and returns the response to a login whose password is right. */
export async function askForSecondFactor(
  app: Auth,
  tx: Transaction,
  { userId, passwordSetTime, remembered }: Pick<Challenge, "userId" | "passwordSetTime" | "remembered">,
  now: Date,
): Promise<LoginResponse> {
  const challenge = {
    id: newId(),
    userId,
    passwordSetTime,
    remembered,
    expireTime: new Date(now.getTime() + CHALLENGE_TTL_S * 1000),
  };
  insertChallenge(tx, challenge);
  return {
    mfaRequired: true,
    mfaToken: await makeMfaToken(app, challenge),
    accessToken: undefined,
    refreshToken: undefined,
    tokenType: undefined,
    expiresInSeconds: CHALLENGE_TTL_S,
  };
}
