import type { ServerUnaryCall } from "@grpc/grpc-js";

/**
 * Returns the value of a header. If the header was sent several times, joins the values by commas (RFC 9110
 * §5.3). A check that expects a single value then refuses the result.
 */
export function header(
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, "metadata">,
  name: string,
): string | undefined {
  const values = metadata.get(name);
  return values.length > 0 ? values.join(", ") : undefined;
}
