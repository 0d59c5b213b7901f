import type { ServerUnaryCall } from "@grpc/grpc-js";

/**
 * Value of a header. If it was sent several times, the values are joined by commas (RFC 9110 §5.3), which
 * checks for a single value then refuse.
 */
export function header(
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, "metadata">,
  name: string,
): string | undefined {
  const values = metadata.get(name);
  return values.length > 0 ? values.join(", ") : undefined;
}
