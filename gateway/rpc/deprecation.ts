import type { MethodRules } from "@medconnect/proto/es/medconnect/options/v1/options_pb.d.ts";

/**
 * Headers of every answer of a deprecated method, as alternating names and values: the day of its deprecation
 * (RFC 9745) and its last day (RFC 8594). Empty for other methods.
 */
export function deprecationHeaders({ deprecateDate, sunsetDate }: MethodRules): readonly string[] {
  if (deprecateDate === "") return [];
  const deprecated = Date.parse(deprecateDate) / 1000;
  return ["Deprecation", `@${deprecated}`, "Sunset", new Date(sunsetDate).toUTCString()];
}
