import { expect, test } from "@jest/globals";
import {
  CreateSlotRequest,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import fc from "fast-check";
import { newId } from "../ids.ts";
import { methodAt } from "./methods.ts";
import { validate } from "./validate.ts";

const { input } = methodAt(SlotServiceService.createSlot.path);
const END_TIME = 3;
const whole = CreateSlotRequest.fromPartial({ doctorId: newId(), startTime: new Date(0) });

test("a required time of whatever wire type is refused, or is there for who decodes what was validated", () => {
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
    // A varint that one reader takes for the length of a message, and another skips.
    { examples: [[0, Uint8Array.of(0)]] },
  );
});
