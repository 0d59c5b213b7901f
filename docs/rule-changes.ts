import type { Rule, Rules } from "./rules-of-contract.ts";

/** Changes of the rules of a part of the contract, each in words. */
export interface RuleChanges {
  breaking: string[];
  additive: string[];
}

/** Compares the rules that a method, field or message had with those that it has. */
export function ruleChanges(before: Rules, after: Rules): RuleChanges {
  const changes: RuleChanges = { breaking: [], additive: [] };
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    compare(name, before.get(name), after.get(name), changes);
  }
  return changes;
}

function compare(
  name: string,
  before: Rule | undefined,
  after: Rule | undefined,
  changes: RuleChanges,
): void {
  const { breaking, additive } = changes;
  const rule = after ?? before;
  switch (rule?.kind) {
    case "offered":
    case "refused": {
      const [old, current] = [valuesOf(before), valuesOf(after)];
      const isOffer = rule.kind === "offered";
      const lost = without(old, current);
      const gained = without(current, old);
      // A method that is open to anyone is open to each role.
      const taken = isOffer && current.has("anyone") ? [] : lost;
      for (const value of taken) (isOffer ? breaking : additive).push(`${name}: no longer ${value}`);
      for (const value of gained) (isOffer ? additive : breaking).push(`${name}: now ${value}`);
      return;
    }
    case "allowed": {
      const [old, current] = [valuesOf(before), valuesOf(after)];
      if (!before) breaking.push(`${name}: now only ${[...current].join(", ")}`);
      else if (!after) additive.push(`${name}: now any value`);
      else {
        for (const value of without(old, current)) breaking.push(`${name}: no longer ${value}`);
        for (const value of without(current, old)) additive.push(`${name}: now ${value}`);
      }
      return;
    }
    case "most":
    case "least": {
      const [old, current] = [boundOf(before, rule.kind), boundOf(after, rule.kind)];
      if (old === current) return;
      const isNarrower = rule.kind === "most" ? current < old : current > old;
      (isNarrower ? breaking : additive).push(`${name}: ${inWords(old)}, now ${inWords(current)}`);
      return;
    }
    default: {
      const [old, current] = [fixedOf(before), fixedOf(after)];
      if (old !== current) breaking.push(`${name}: ${old}, now ${current}`);
    }
  }
}

const without = (values: Set<string>, others: Set<string>): string[] =>
  [...values].filter((value) => !others.has(value));

const valuesOf = (rule: Rule | undefined): Set<string> =>
  new Set(rule && "values" in rule ? rule.values : []);

function boundOf(rule: Rule | undefined, kind: "most" | "least"): number {
  if (rule && "bound" in rule) return rule.bound;
  return kind === "most" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

const inWords = (bound: number): string => (Number.isFinite(bound) ? `${bound}` : "no bound");

const fixedOf = (rule: Rule | undefined): string => (rule && "value" in rule ? rule.value : "null");
