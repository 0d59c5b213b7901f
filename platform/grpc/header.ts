import type { ServerUnaryCall } from "@grpc/grpc-js";

/** Value of a header. Several values are joined (RFC 9110 §5.3), which no single-value check accepts. */
export function header(
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, "metadata">,
  name: string,
): string | undefined {
  const values = metadata.get(name);
  return values.length > 0 ? values.join(", ") : undefined;
}
