import fc, { type Arbitrary } from "fast-check";
import type { Method } from "../support/grpc.ts";
import { messageTypes } from "../support/grpc.ts";
import { junkBytes, junkText } from "./junk.ts";

/** Wire types of protobuf (protobuf.dev, "Encoding"). */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Maximum depth of nested messages. */
const DEPTH = 3;

/** The parts of a FieldDescriptorProto that the generator uses. */
interface Field {
  name: string;
  number: number;
  type: string;
  typeName: string;
  label: string;
}

type Ids = Record<string, string[]>;

/** Random encoded messages for one RPC: some are almost valid, others are junk. */
export function messagesFor({ requestType }: Method, ids: Ids): Arbitrary<Buffer> {
  const fields = (requestType.type as { field: Field[] }).field;
  return fc.oneof(
    { weight: 8, arbitrary: message(fields, ids, DEPTH) },
    { weight: 1, arbitrary: junkBytes },
    {
      weight: 1,
      arbitrary: fc.tuple(message(fields, ids, DEPTH), junkBytes).map((parts) => Buffer.concat(parts)),
    },
  );
}

const MISTAKES = 1000;

/**
 * Makes an encoded message for one RPC in which every text and every nested message is invalid. Each list has
 * a thousand invalid items.
 */
export const mistakenMessage = ({ requestType }: Method): Buffer =>
  mistaken((requestType.type as { field: Field[] }).field, MISTAKES);

function mistaken(fields: Field[], count: number): Buffer {
  const all = fields.flatMap(({ number, type, typeName, label }) => {
    const isList = label === "LABEL_REPEATED" && count > 1;
    const values = Array.from({ length: isList ? count : 1 }, () => {
      if (type !== "TYPE_MESSAGE") return Buffer.from("\u202e");
      const inner = (messageTypes.get(typeName.replace(/^\./, "")) ?? []) as Field[];
      return count === 0 ? Buffer.alloc(0) : mistaken(inner, isList ? 0 : count);
    });
    const isText = type === "TYPE_STRING" || type === "TYPE_MESSAGE";
    return isText ? values.map((value) => lengthed(number, value)) : [];
  });
  return Buffer.concat(all);
}

/**
 * Makes random messages. Fields are in any order. Some are repeated, have another wire type, or are unknown.
 */
function message(fields: Field[], ids: Ids, depth: number): Arbitrary<Buffer> {
  const known = fields.map((field) => often(fitting(field, ids, depth), odd(field.number)));
  const unknown = fc.integer({ min: 1, max: 2 ** 29 - 1 }).chain(odd);
  const any = known.length > 0 ? often(fc.oneof(...known), unknown) : unknown;
  const most = fc.tuple(...known.map((each) => often(each, fc.constant(Buffer.alloc(0)))));
  return fc.tuple(most, fc.array(any, { maxLength: 2 })).map((parts) => Buffer.concat(parts.flat()));
}

function fitting({ name, number, type, typeName }: Field, ids: Ids, depth: number): Arbitrary<Buffer> {
  switch (type) {
    case "TYPE_STRING": {
      const known = ids[name] ?? ["1", "a"];
      return often(fc.constantFrom(...known), junkText).map((text) => lengthed(number, Buffer.from(text)));
    }
    case "TYPE_BYTES":
      return junkBytes.map((bytes) => lengthed(number, bytes));
    case "TYPE_MESSAGE": {
      const fields = (messageTypes.get(typeName.replace(/^\./, "")) ?? []) as Field[];
      const inner = depth > 0 ? message(fields, ids, depth - 1) : fc.constant(Buffer.alloc(0));
      return inner.map((bytes) => lengthed(number, bytes));
    }
    default:
      return numbers.map((value) => Buffer.concat([tag(number, VARINT), varint(value)]));
  }
}

const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 8n }),
  fc.constantFrom(
    -1n,
    2n ** 31n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
    253402300799n,
    253402300800n,
    -62135596801n,
  ),
  // Times close to now.
  fc
    .bigInt({ min: -1000n, max: 10_000_000n })
    .map((seconds) => BigInt(Math.floor(Date.now() / 1000)) + seconds),
);

/** Makes a field with this number. Its wire type is probably wrong. */
const odd = (number: number): Arbitrary<Buffer> =>
  fc.oneof(
    numbers.map((value) => Buffer.concat([tag(number, VARINT), varint(value)])),
    junkBytes.map((bytes) => lengthed(number, bytes)),
    fc.constant(Buffer.concat([tag(number, FIXED64), Buffer.alloc(8, 0xff)])),
    fc.constant(Buffer.concat([tag(number, FIXED32), Buffer.alloc(4, 0xff)])),
    // Broken encodings: a length beyond the end of the message, an end group without a start, and a truncated
    // tag.
    fc.constantFrom(
      Buffer.concat([tag(number, BYTES), varint(2n ** 40n)]),
      tag(number, 4),
      Buffer.from([0xff]),
    ),
  );

const tag = (number: number, wireType: number) => varint((BigInt(number) << 3n) | BigInt(wireType));

const lengthed = (number: number, bytes: Buffer) =>
  Buffer.concat([tag(number, BYTES), varint(BigInt(bytes.length)), bytes]);

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** Generates mostly values of `usual`, and in one of six cases a value of `other`. */
function often(usual: Arbitrary<Buffer>, other: Arbitrary<Buffer>): Arbitrary<Buffer>;
function often(usual: Arbitrary<string>, other: Arbitrary<string>): Arbitrary<string>;
function often(usual: Arbitrary<unknown>, other: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: other });
}
