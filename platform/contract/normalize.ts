import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  min_different as minDifferentOption,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type FieldViolation, MAX_VIOLATIONS } from "../errors/limit-violations.ts";
import type { TextRule } from "../i18n/text/text-policy.ts";
import { mustBeValueOf } from "./describe-violation.ts";
import { stringRulesOf } from "./field-rules.ts";
import { rangeChecks } from "./ranges.ts";
import { sentValue } from "./sent-value.ts";
import { TEXT_RULES } from "./text-kinds.ts";
import { mistakeInFraction, mistakeInTime } from "./times.ts";

/** Fields of a message, by the names under which protobuf-es keeps them. */
export type Fields = Record<string, unknown>;

/** Normalizes one field of a message. Adds a violation to `found` if its value has no canonical form. */
type Step = (message: Fields, path: string, found: FieldViolation[]) => void;

/**
 * Returns the canonical form of a value. If it has none, adds a violation to `found` and returns the value
 * unchanged.
 */
type Visit = (value: unknown, path: string, found: FieldViolation[]) => unknown;

const plans = new Map<DescMessage, readonly Step[]>();

/**
 * Brings the message of a request into its canonical form, in place: texts by their kind
 * (medconnect.options.v1.text), and UUIDs in lower case (RFC 9562 §4). Validation rules, use cases and
 * idempotency keys only see this form.
 *
 * @returns violations: texts without a canonical form, invalid times and enum values, ranges that end before
 *   they start
 */
export function normalize(schema: DescMessage, message: Message): FieldViolation[] {
  const found: FieldViolation[] = [];
  run(planFor(schema), message as unknown as Fields, "", found);
  return found;
}

/** Steps that normalize a message type, computed once. */
function planFor(schema: DescMessage): readonly Step[] {
  const known = plans.get(schema);
  if (known) return known;
  // Texts in events stay as they are. An event states a fact, so it must not be refused because, for example,
  // its currency is no longer in use.
  const isEvent = schema.file.proto.package === "medconnect.events.v1";
  const plan = new PlanMaker(isEvent).stepsFor(schema);
  plans.set(schema, plan);
  return plan;
}

function run(steps: readonly Step[], message: Fields, path: string, found: FieldViolation[]): void {
  for (const step of steps) step(message, path, found);
}

class PlanMaker {
  readonly #timesOnly: boolean;
  readonly #made = new Map<DescMessage, Step[]>();

  constructor(timesOnly: boolean) {
    this.#timesOnly = timesOnly;
  }

  stepsFor(desc: DescMessage): readonly Step[] {
    const made = this.#made.get(desc);
    if (made) return made;
    const steps: Step[] = [];
    // Stored before all steps are known, because a message type may contain itself.
    this.#made.set(desc, steps);
    for (const field of desc.fields) {
      const visit = this.#visitOf(field);
      if (visit) steps.push(stepOf(field, visit));
    }
    if (!this.#timesOnly) steps.push(...rangeChecks(desc));
    return steps;
  }

  #visitOf(field: DescField): Visit | undefined {
    if (field.message?.typeName === "google.protobuf.Timestamp") return visitTime(mistakeInTime);
    if (field.message?.typeName === "google.protobuf.Duration") return visitTime(mistakeInFraction);
    if (field.message?.typeName.startsWith("google.")) return undefined;
    if (field.message) return this.#visitMessage(field.message);
    if (field.enum) return visitEnum(field, field.enum);
    const rule = this.#timesOnly ? undefined : textRuleOf(field);
    return rule && visitText(field, rule);
  }

  #visitMessage(desc: DescMessage): Visit | undefined {
    const steps = this.stepsFor(desc);
    if (steps.length === 0) return undefined;
    return (value, path, found) => {
      run(steps, value as Fields, `${path}.`, found);
      return value;
    };
  }
}

const visitTime =
  (mistakeIn: (time: Timestamp) => string | undefined): Visit =>
  (value, path, found) => {
    const description = mistakeIn(value as Timestamp);
    if (description !== undefined) found.push({ field: path, description });
    return value;
  };

/**
 * Refuses enum values that the contract does not define. A binary message may hold any number in an enum
 * field.
 */
function visitEnum(field: DescField, desc: DescEnum): Visit {
  const known = new Set<unknown>(desc.values.map(({ number }) => number));
  return (value, path, found) => {
    if (!known.has(value))
      found.push({ field: path, description: mustBeValueOf(desc) + sentValue(field, value) });
    return value;
  };
}

function visitText(field: DescField, rule: TextRule): Visit {
  return (value, path, found) => {
    const kept = rule(value as string);
    if (typeof kept === "string") return kept;
    found.push({ field: path, description: kept.refused + sentValue(field, value) });
    return value;
  };
}

/** Lower case for a UUID. Other texts stay as sent, because an error shows them. */
const lowerCasedId: TextRule = (text) => (HEX_AND_HYPHENS.test(text) ? text.toLowerCase() : text);
const HEX_AND_HYPHENS = /^[0-9a-f-]+$/i;

function textRuleOf(field: DescField): TextRule | undefined {
  if (field.scalar !== ScalarType.STRING) return undefined;
  const rules = stringRulesOf(field);
  if (rules?.wellKnown.case === "uuid") return lowerCasedId;
  const kind = TEXT_RULES[getOption(field, textOption)];
  const rule = kind && ofDifferent(getOption(field, minDifferentOption), kind);
  return rule && rules && rules.maxLen > 0n ? upTo(UNITS_OF_CHARACTER * Number(rules.maxLen), rule) : rule;
}

/**
 * Number of UTF-16 units that one character may need before normalization. For example, a letter with three
 * combining marks has four.
 */
const UNITS_OF_CHARACTER = 4;

/**
 * Applies a rule to texts of at most `units` UTF-16 units. Leaves longer texts unchanged, because normalizing
 * could take quadratic time. Protovalidate then refuses the longer texts.
 */
const upTo =
  (units: number, rule: TextRule): TextRule =>
  (text) =>
    text.length > units ? text : rule(text);

/**
 * Refuses texts with fewer than `min` different visible characters, such as "....". If `min` is 0, any text
 * is allowed.
 */
const ofDifferent = (min: number, rule: TextRule): TextRule =>
  min === 0
    ? rule
    : (text) => {
        const kept = rule(text);
        if (typeof kept !== "string" || kept === "") return kept;
        const different = new Set(kept.toLowerCase().match(VISIBLE));
        return different.size < min ? { refused: `must have ${min} different visible characters` } : kept;
      };

const VISIBLE = /[^\s\p{C}\p{M}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/gu;

function stepOf(field: DescField, visit: Visit): Step {
  const { name, localName, oneof } = field;
  if (field.fieldKind === "list" || field.fieldKind === "map") {
    return (message, path, found) => {
      const items = message[localName] as Record<string, unknown>;
      for (const key of Object.keys(items)) {
        if (found.length > MAX_VIOLATIONS) return;
        const at = field.fieldKind === "list" ? `[${key}]` : `[${JSON.stringify(key)}]`;
        items[key] = visitSet(visit, items[key], `${path}${name}${at}`, found);
      }
    };
  }
  if (oneof) {
    return (message, path, found) => {
      const chosen = message[oneof.localName] as { case?: string; value?: unknown };
      if (chosen.case === localName) chosen.value = visitSet(visit, chosen.value, path + name, found);
    };
  }
  return (message, path, found) => {
    const value = message[localName];
    const kept = visitSet(visit, value, path + name, found);
    if (kept !== value) message[localName] = kept;
  };
}

/** Visits a value only if it is set. Leaves absent messages and empty texts unchanged. */
const visitSet: (visit: Visit, ...rest: Parameters<Visit>) => unknown = (visit, value, path, found) =>
  value === undefined || value === "" ? value : visit(value, path, found);
