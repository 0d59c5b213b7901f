import { getOption } from "@bufbuild/protobuf";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { methods } from "./methods.ts";

/** Path of the OAuth token endpoint (RFC 6749 §3.2): the OAuth method that takes a grant type. */
export const TOKEN_PATH: string = pathOfTokenEndpoint();

function pathOfTokenEndpoint(): string {
  const endpoint = [...methods.values()].find(({ rules, input }) => rules.oauth && input.field.grantType);
  const { pattern } = getOption(endpoint?.desc ?? missing(), http);
  return pattern.case === "post" ? pattern.value : missing();
}

function missing(): never {
  throw new Error("the contract has no OAuth token endpoint");
}
