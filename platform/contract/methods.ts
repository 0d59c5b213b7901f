import { type DescMessage, type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import type { MethodRules } from "@medconnect/proto/es/medconnect/options/v1/options_pb.d.ts";
import { rules as rulesOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { registry } from "./registry.ts";

/** An RPC of the contract. */
export interface Method {
  /** gRPC path, such as `/medconnect.scheduling.v1.BookingService/CreateBooking`. */
  readonly path: string;
  /**
   * Name of the service that implements the RPC, such as "auth"; "admin" for RPCs that the gateway composes.
   */
  readonly owner: string;
  readonly name: string;
  readonly rules: MethodRules;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly desc: DescMethod;
}

function describe(desc: DescMethod): Method {
  const [, owner = ""] = desc.parent.typeName.split(".");
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    owner,
    name: desc.name,
    rules: getOption(desc, rulesOption),
    input: desc.input,
    output: desc.output,
    desc,
  };
}

const services: DescService[] = [...registry].filter(
  (desc): desc is DescService => desc.kind === "service" && desc.typeName.startsWith("medconnect."),
);

/** All RPCs of the contract, by gRPC path. */
export const methods: ReadonlyMap<string, Method> = new Map(
  services.flatMap((service) => service.methods.map(describe)).map((method) => [method.path, method]),
);

/** The RPC at a gRPC path. Throws for an unknown path, which is a bug. */
export function methodAt(path: string): Method {
  const method = methods.get(path);
  if (!method) throw new Error(`unknown method ${path}`);
  return method;
}
