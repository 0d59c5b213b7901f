import type { JsonObject } from "@bufbuild/protobuf";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { jsonWith, type RequestField } from "@medconnect/platform/testing/request-fields.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Access as Access,
  MethodRules_Role as Role,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { CLIENT_KEY, ENTRIES, type Entry } from "../security/entries.ts";
import { OWNERS, type World } from "../security/world.ts";
import { type Account, signUp } from "../support/accounts.ts";
import type { Api } from "../support/api.ts";
import { type Method as GrpcMethod, type ServiceName, serversOf } from "../support/grpc.ts";
import { serviceToken } from "../support/service-token.ts";

/** The RPC's first entry in the authorization matrix (test/security/entries.ts). */
const entryOf = ({ path }: Method): Entry => [ENTRIES[path.replace("/medconnect.", "")]!].flat()[0]!;

/** The first service that serves the RPC. */
export const serverOf = ({ path }: Method): ServiceName => serversOf({ path } as GrpcMethod)[0]!;

/** Makes a valid request for the RPC, in JSON. It is about objects of the caller. */
export function validRequest(method: Method, { mine }: World): JsonObject {
  const { on, request } = entryOf(method);
  const given = { id: on ? mine.ids[on] : "", of: mine, server: serverOf(method) };
  return (request?.(given) ?? {}) as JsonObject;
}

/** Fields without which a message of this type is not valid. */
const SIBLINGS: Readonly<Record<string, JsonObject>> = {
  "medconnect.auth.v1.ClientKey": CLIENT_KEY,
  "medconnect.common.v1.Money": { currencyCode: "USD", amountMinor: "100" },
  "medconnect.clinical.v1.PrescriptionItem": {
    medication: "Ibuprofen 400 mg",
    dosage: "1",
    frequency: "daily",
  },
};

/**
 * Makes a valid request into which a test can put a value for the field at the end of `way`. Adds the fields
 * that nested messages on the way require. In an update, the mask names the field.
 */
export function requestAround({ method, way }: RequestField, world: World): JsonObject {
  let request = validRequest(method, world);
  for (const [i, { message }] of way.entries()) {
    const siblings = i < way.length - 1 && SIBLINGS[message?.typeName ?? ""];
    if (siblings) request = jsonWith(way.slice(0, i + 1), siblings, request);
  }
  const [, target] = way;
  const isMasked = method.input.field.updateMask && target && !behavesAs(target, FieldBehavior.OUTPUT_ONLY);
  return isMasked ? { ...request, updateMask: target.jsonName } : request;
}

/**
 * Returns an account that may call the RPC, and that owns the object in the request. Undefined if anonymous
 * callers may call it.
 */
function callerOf(method: Method, world: World): Account | undefined {
  const { access, roles } = method.rules;
  if (access === Access.PUBLIC) return undefined;
  const { on } = entryOf(method);
  const owners: readonly string[] = on ? OWNERS[on] : [];
  const admitted = roles.map((role) => Role[role]!.toLowerCase());
  const role = admitted.find((name) => owners.includes(name)) ?? admitted[0];
  if (role === "admin") return world.admin;
  return world.mine[role === "doctor" ? "doctor" : "patient"];
}

/** Makes the token of a service that may call this internal RPC. */
export async function tokenOfCaller(method: Method, server: ServiceName): Promise<string> {
  return await serviceToken(entryOf(method).caller?.(server) ?? method.rules.callers[0]!, server);
}

/**
 * Returns an API client for an account that may call the RPC. The account is a new one if the RPC would end
 * the session or lock the account, or would refuse an account that already has a profile.
 */
export async function clientFor(method: Method, world: World, gateway: Api): Promise<Api> {
  if (method.rules.access === Access.INTERNAL)
    return gateway.as(await tokenOfCaller(method, serverOf(method)));
  if (entryOf(method).touchesSession) return (await signUp(gateway, "PATIENT")).api;
  if (method.name === "CreateDoctor") return (await signUp(gateway, "DOCTOR")).api;
  return callerOf(method, world)?.api ?? gateway;
}
