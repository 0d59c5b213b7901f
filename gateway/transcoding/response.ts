import { createHash } from "node:crypto";
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import type { Metadata } from "@grpc/grpc-js";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { REPLAYED_KEY } from "@medconnect/platform/grpc/status.ts";
import { HttpBodySchema } from "@medconnect/proto/es/google/api/httpbody_pb.js";
import type { Answer } from "../http/answer.ts";
import { HTTP_BODY } from "./binding.ts";
import { type FieldTexts, JsonWriter } from "./json-writer.ts";

/** Converts the serialized response of a method to an HTTP answer. Created once per route. */
export type AnswerEncoder = (bytes: Uint8Array, trailer: Metadata) => Answer;

/**
 * Makes the encoder for a method. The output type and the rules of the method decide the status: 200, 201
 * with Location, 202, or 204.
 */
export function answerEncoderFor(method: Method): AnswerEncoder {
  const encodeResult = resultEncoderFor(method);
  if (!method.rules.accepts) return encodeResult;
  // 202: an empty response means that the result follows later, such as by mail.
  return (bytes, trailer) => (bytes.length === 0 ? accepted(trailer) : encodeResult(bytes, trailer));
}

function resultEncoderFor({ output, rules }: Method): AnswerEncoder {
  if (output.typeName === HTTP_BODY) return rawEncoder(rules.mediaType);
  if (output.fields.length === 0)
    return (_, trailer) => ({ status: 204, headers: replayed(trailer), body: "" });
  const writer = new JsonWriter(output);
  const etag = indexOf(output, "etag");
  const location = rules.creates ? rules.location : "";
  return (bytes, trailer) => {
    const texts = writer.read(bytes);
    const headers: Record<string, string> = { "content-type": "application/json", ...replayed(trailer) };
    const version = texts[etag];
    if (version !== undefined && version !== '""') {
      texts[etag] = headers.etag = `${version.slice(0, -1)}.${hashOf(writer.join(texts))}"`;
    }
    if (location !== "") headers.location = fillIn(location, output, texts);
    return { status: rules.creates ? 201 : 200, headers, body: writer.join(texts) };
  };
}

const indexOf = ({ fields }: DescMessage, name: string): number =>
  fields.findIndex((field) => field.name === name);

/**
 * Length of the hash in an ETag, in base64url characters. They hold 96 bits, enough to tell the answers of
 * one resource apart.
 */
const HASH_LENGTH = 16;

/**
 * Hash of the whole answer, for the ETag. With this hash, If-None-Match also detects changes that do not
 * raise the version.
 */
const hashOf = (json: string): string =>
  createHash("sha256").update(json).digest("base64url").slice(0, HASH_LENGTH);

const accepted = (trailer: Metadata): Answer => ({
  status: 202,
  headers: { "content-type": "application/json", ...replayed(trailer) },
  body: "{}",
});

/** @param mediaType media type of answers that do not name their own */
const rawEncoder =
  (mediaType: string): AnswerEncoder =>
  (bytes, trailer) => {
    const { contentType, data } = fromBinary(HttpBodySchema, bytes);
    const headers = { "content-type": contentType || mediaType, ...replayed(trailer) };
    return { status: 200, headers, body: data };
  };

/** Header that marks a replayed answer: an earlier request with the same Idempotency-Key got this answer. */
const replayed = (trailer: Metadata): Record<string, string> =>
  trailer.get(REPLAYED_KEY).length > 0 ? { [REPLAYED_KEY]: "true" } : {};

/** Fills the variables of a location, such as `/v1/bookings/{id}`, with scalars of the answer. */
const fillIn = (location: string, output: DescMessage, texts: FieldTexts): string =>
  location.replace(/\{(\w+)\}/g, (_, name: string) =>
    // biome-ignore lint/style/noNonNullAssertion: scalars of an answer always have a text
    encodeURIComponent(String(JSON.parse(texts[indexOf(output, name)]!))),
  );
