import type { ServerUnaryCall } from "@grpc/grpc-js";

/** A header's value; more than one are combined (RFC 9110 §5.3), so that none of them counts where one is meant. */
export function header(
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, "metadata">,
  name: string,
): string | undefined {
  const values = metadata.get(name);
  return values.length > 0 ? values.join(", ") : undefined;
}
