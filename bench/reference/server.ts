// The reference monolith: books like MedConnect, but in one Express process. Sends its port over IPC.
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import express, { type RequestHandler } from "express";
import helmet from "helmet";
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { z } from "zod";
import { Store } from "./store.ts";
import { signToken, subjectOf } from "./tokens.ts";

const { REFERENCE_MYSQL_URL, REFERENCE_REDIS_URL } = process.env;
const store = await Store.open(REFERENCE_MYSQL_URL!);
/** A rate limit that no load reaches: requests are counted, but never refused. */
const UNREACHED = 1_000_000_000;
const limiter = new RateLimiterRedis({
  storeClient: new Redis(REFERENCE_REDIS_URL!),
  points: UNREACHED,
  duration: 60,
});

const Booking = z.object({ slotId: z.uuid(), reason: z.string().min(1).max(500) });

const limitRate: RequestHandler = async (request, response, next) => {
  const { remainingPoints, msBeforeNext } = await limiter.consume(request.ip!);
  response.set("RateLimit", `"default";r=${remainingPoints};t=${Math.ceil(msBeforeNext / 1000)}`);
  next();
};

const authenticate: RequestHandler = (request, response, next) => {
  const patientId = subjectOf(request.get("authorization")?.slice("Bearer ".length) ?? "");
  if (patientId === undefined) {
    response.status(401).json({ error: "a valid token is required" });
    return;
  }
  response.locals.patientId = patientId;
  next();
};

const book: RequestHandler = async (request, response) => {
  const { data, error } = Booking.safeParse(request.body);
  const key = request.get("idempotency-key");
  if (error || !key) {
    response.status(400).json({ error: error ? z.prettifyError(error) : "Idempotency-Key is required" });
    return;
  }
  const hash = createHash("sha256").update(JSON.stringify(data)).digest("hex");
  const { patientId } = response.locals;
  const { status, body } = await store.book({ patientId, ...data, key, hash });
  response.status(status).json(body);
};

const server = express()
  .disable("x-powered-by")
  .set("etag", false)
  .use(helmet(), limitRate)
  .get("/v1/doctors/:id/slots", async (request, response) => {
    response.json({ slots: await store.listSlots(request.params.id) });
  })
  .post("/v1/bookings", authenticate, express.json(), book)
  // These calls create the data for the load. They are not measured.
  .post("/bench/doctors", express.json(), async (request, response) => {
    response.json(await store.addDoctor(request.body.slots));
  })
  .post("/bench/tokens", express.json(), (request, response) => {
    response.json({ token: signToken(request.body.subject) });
  })
  .listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit());
