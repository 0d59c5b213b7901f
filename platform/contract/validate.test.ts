import { setImmediate } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import {
  CreateSlotRequest,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import fc from "fast-check";
import { newId } from "../ids/ids.ts";
import { requestFields } from "../testing/request-fields.ts";
import { stringRulesOf } from "./field-rules.ts";
import { methodAt, methods } from "./methods.ts";
import { matches, validate, warmUpValidation } from "./validate.ts";

const { input } = methodAt(SlotServiceService.createSlot.path);
const END_TIME = 3;
const whole = CreateSlotRequest.fromPartial({ doctorId: newId(), startTime: new Date(0) });

test("a required time of a wrong wire type is refused, or is present in the returned bytes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 12 }), (wireType, bytes) => {
      const sent = Buffer.from([
        ...CreateSlotRequest.encode(whole).finish(),
        (END_TIME << 3) | wireType,
        ...bytes,
      ]);
      let validated: Buffer;
      try {
        validated = validate(input, sent);
      } catch (error) {
        expect(error).toMatchObject({ reason: "INVALID_REQUEST" });
        return;
      }
      expect(CreateSlotRequest.decode(validated).endTime).toBeInstanceOf(Date);
    }),
    // A number where the field should hold a message. One decoder takes the number for the length of a
    // message, and another decoder skips it.
    { examples: [[0, Uint8Array.of(0)]] },
  );
});

test("compiling the rules of many messages yields to other work after each", async () => {
  const inputs = [...methods.values()].map((method) => method.input);
  let turns = 0;
  let isDone = false;
  const work = (async () => {
    for (; !isDone; turns++) await setImmediate();
  })();
  await warmUpValidation(inputs);
  isDone = true;
  await work;
  expect(turns).toBeGreaterThanOrEqual(inputs.length);
});

const patterns = new Set(
  requestFields
    .flatMap(({ field }) => stringRulesOf(field)?.pattern ?? [])
    .filter((pattern) => pattern !== ""),
);
/** Long texts that many patterns begin to match, and none matches to the end. */
const HOSTILE = ["a", "1", "-", "/", " ", "é", "a ", "a-", "aa-", "aaa-aaaaaaaa-", "\u2028"].flatMap((text) =>
  [text, `${" ".repeat(100)}a`.repeat(19) + text].map((start) => `${start}${text.repeat(50_000)}\u0000`),
);

test.each([...patterns])("the pattern %s takes linear time for any text", (pattern) => {
  const startedAtMs = performance.now();
  for (const text of HOSTILE) matches(pattern, text);
  expect(performance.now() - startedAtMs).toBeLessThan(3000);
});
