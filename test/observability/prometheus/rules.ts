import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseYaml } from "@redocly/openapi-core";

export const FOLDER = join(import.meta.dirname, "../../../deploy/observability");
const FILES = ["alerts.yml", "slo.yml"];

/** A recording rule, or an alert. */
export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

/** The rules of deploy/observability, in the order of their files. */
export function readRules(): RuleFile {
  const files = FILES.map((file) => parseYaml(readFileSync(join(FOLDER, file), "utf8")) as RuleFile);
  return { groups: files.flatMap(({ groups }) => groups) };
}

export const rulesOf = ({ groups }: RuleFile): Rule[] => groups.flatMap(({ rules }) => rules);

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const DURATION = /^(\d+)([smhd])$/;

/** Seconds of a duration such as 5m. */
export function secondsOf(duration: string): number {
  const [, number, unit] = DURATION.exec(duration) ?? [];
  if (!number) throw new Error(`${duration} is no duration.`);
  return Number(number) * SECONDS[unit as keyof typeof SECONDS];
}

/**
 * Divides every duration of the rules by `factor`, so that a test need not wait for five minutes: `for`, the
 * windows and offsets of expressions, and the limits of metrics in seconds.
 *
 * @param limitFactor divisor of the limits. Use 1 for a system whose intervals are not shortened.
 */
export function shortened({ groups }: RuleFile, factor: number, limitFactor = factor): RuleFile {
  const shorter = (duration: string) => `${Math.round((secondsOf(duration) * 1000) / factor)}ms`;
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({
        ...rule,
        expr: rule.expr
          .replaceAll(/(?<=\[|\boffset )\d+[smhd]\b/g, shorter)
          .replaceAll(/(?<=_seconds(?:\[\w+\])?[) ]* > )\d+/g, (limit) => `${Number(limit) / limitFactor}`),
        ...(rule.for !== undefined && { for: shorter(rule.for) }),
      })),
    })),
  };
}

/**
 * Expression that returns data also while its alert does not fire: comparisons return 0 or 1 instead of
 * leaving series out, and the number of the series replaces their absence.
 */
export const withoutLimits = (expr: string): string =>
  expr.replaceAll(/(?<=[\s)}])(>=|<=|>|<|==)(?=\s)/g, "$1 bool").replaceAll(/\babsent\(/g, "count(");
