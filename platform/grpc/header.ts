import type { ServerUnaryCall } from "@grpc/grpc-js";

/**
 * Value of a header. If the header was sent several times, the values are joined by commas (RFC 9110 §5.3).
 * Checks that expect a single value then refuse the result.
 */
export function header(
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, "metadata">,
  name: string,
): string | undefined {
  const values = metadata.get(name);
  return values.length > 0 ? values.join(", ") : undefined;
}
