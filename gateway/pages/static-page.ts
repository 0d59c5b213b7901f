import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Request, Response } from "express";

/** Content codings (RFC 9110 §8.4.1), the preferred first. */
const CODINGS = ["br", "gzip", "identity"] as const;
type Coding = (typeof CODINGS)[number];

interface Body {
  bytes: Buffer;
  etag: string;
}

/** Quality 6 of 11: within a tenth of the smallest size, at a twentieth of the time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };
const encoders: Record<Coding, (bytes: Buffer) => Promise<Buffer>> = {
  br: (bytes) => promisify(brotliCompress)(bytes, BROTLI),
  gzip: (bytes) => promisify(gzip)(bytes),
  identity: async (bytes) => bytes,
};

/**
 * Content that stays the same while the process runs. At the first request, it is made and compressed. Later
 * requests are answered from memory.
 */
export class StaticPage {
  readonly #type: string;
  readonly #maxAgeSeconds: number;
  readonly #make: () => string | Promise<string | Buffer>;
  readonly #bodies = new Map<Coding, Promise<Body>>();

  constructor(type: string, maxAgeSeconds: number, make: () => string | Promise<string | Buffer>) {
    this.#type = type;
    this.#maxAgeSeconds = maxAgeSeconds;
    this.#make = make;
  }

  async send(request: Request, response: Response): Promise<void> {
    const coding = request.acceptsEncodings(...CODINGS) || "identity";
    const { bytes, etag } = await this.#bodyIn(coding as Coding);
    const isImmutable = this.#maxAgeSeconds >= YEAR_SECONDS ? ", immutable" : "";
    response.vary("Accept-Encoding").setHeader("ETag", etag);
    response.setHeader("Cache-Control", `public, max-age=${this.#maxAgeSeconds}${isImmutable}`);
    // `fresh` compares If-None-Match with the ETag (RFC 9110 §13.1.2).
    if (request.fresh) return void response.status(304).end();
    if (coding !== "identity") response.setHeader("Content-Encoding", coding);
    response.type(this.#type).send(bytes);
  }

  #bodyIn(coding: Coding): Promise<Body> {
    const known = this.#bodies.get(coding);
    if (known) return known;
    const body = this.#encode(coding);
    this.#bodies.set(coding, body);
    // A failed read may succeed at the next request.
    body.catch(() => this.#bodies.delete(coding));
    return body;
  }

  async #encode(coding: Coding): Promise<Body> {
    const bytes = await encoders[coding](Buffer.from(await this.#make()));
    // A strong ETag differs between codings (RFC 9110 §8.8.3.3).
    const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    return { bytes, etag: `"${hash}"` };
  }
}

export const HOUR_SECONDS = 60 * 60;
export const YEAR_SECONDS = 365 * 24 * HOUR_SECONDS;
