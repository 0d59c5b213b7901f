import { SignJWT } from "jose";
import { sharedInternalKey } from "./stack.ts";

/** Makes a token with which one service calls another. */
export function serviceToken(
  from: string,
  to: string,
  { key = sharedInternalKey(), lifetimeS = 60, type = "svc+jwt" } = {},
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: type })
    .setIssuer(from)
    .setAudience(to)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeS)
    .sign(key);
}
