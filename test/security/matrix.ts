import { randomUUID } from "node:crypto";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { logIn } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { type Method as GrpcMethod, serversOf } from "../support/grpc.ts";
import { serviceToken } from "../support/service-token.ts";
import { sharedStack } from "../support/stack.ts";
import { callGrpc, callHttp, isRead, isRouted, type Outcome } from "./calls.ts";
import { ENTRIES, type Entry } from "./entries.ts";
import {
  CALLERS,
  type CallerName,
  type Denial,
  denialByAccess,
  denialByObject,
  isBreakGlass,
  type Relation,
  roleOf,
} from "./expectations.ts";
import { OWNERS, type Practice, type Role, type World } from "./world.ts";

/** One call of the authorization matrix: an RPC, a caller, an object and a transport. */
export interface Combination {
  method: Method;
  name: string;
  entry: Entry;
  caller: CallerName;
  /** Relation of the object to the caller; absent if the request names no object. */
  relation: Relation | undefined;
  /** Practice that owns the object. Without an object, the caller's practice. */
  of: Practice;
  /** "http", or the name of the service that is called over gRPC. */
  via: string;
  expected: Denial | undefined;
}

export interface Result extends Combination {
  /** Id of the request. The audit events of the call contain it. */
  requestId: string;
  outcome: Outcome;
}

/** Methods by path without the package "medconnect", such as "auth.v1.AuthService/Login". */
export const names: ReadonlyMap<string, Method> = new Map(
  [...methods.values()].map((method) => [method.path.replace("/medconnect.", ""), method]),
);

/** All combinations of caller, object and transport, for each RPC that has an entry. */
export function combinationsOf(world: World): Combination[] {
  return [...names].flatMap(([name, method]) =>
    [ENTRIES[name] ?? []].flat().flatMap((entry) =>
      CALLERS.flatMap((caller) =>
        objectsFor(entry, caller, world).flatMap(({ relation, of }) =>
          transportsOf(method).map((via) => {
            const known = { method, name, entry, caller, relation, of, via };
            return { ...known, expected: denialOf(known) };
          }),
        ),
      ),
    ),
  );
}

function objectsFor({ on, rule }: Entry, caller: CallerName, { mine, theirs }: World) {
  // A break-glass grant changes an outcome only under the break-glass rules. Under all other rules, this
  // caller is left out.
  if (caller === "granted admin" && !isBreakGlass(rule)) return [];
  if (!on) return [{ relation: undefined, of: mine }];
  const missing = { relation: "missing" as const, of: mine };
  const isOwner = (OWNERS[on] as readonly CallerName[]).includes(caller) || caller === "granted admin";
  if (!isOwner) return [{ relation: "foreign" as const, of: mine }, missing];
  return [{ relation: "own" as const, of: mine }, { relation: "foreign" as const, of: theirs }, missing];
}

/** Returns "http" if the method has an HTTP route, and the name of each service that serves it over gRPC. */
function transportsOf(method: Method): string[] {
  const direct = method.rules.composed ? [] : serversOf({ path: method.path } as GrpcMethod);
  return [...(isRouted(method) ? ["http"] : []), ...direct];
}

function denialOf({ method, entry, caller, relation }: Omit<Combination, "expected">): Denial | undefined {
  const byAccess = denialByAccess(method, caller);
  if (byAccess) return byAccess;
  return relation && denialByObject(entry.rule!, relation, caller);
}

/** Makes the call of each combination. At most `atOnce` calls run at the same time. */
export async function send(world: World, combinations: Combination[], atOnce: number): Promise<Result[]> {
  const results: Result[] = [];
  const queue = combinations.values();
  const work = async () => {
    for (const each of queue) {
      const requestId = randomUUID();
      results.push({ ...each, requestId, outcome: await sendOne(world, each, requestId) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function sendOne(world: World, combination: Combination, requestId: string): Promise<Outcome> {
  const { method, entry, relation, of, via } = combination;
  const id = relation === "missing" || !entry.on ? randomUUID() : of.ids[entry.on];
  const request = entry.request?.({ id, of, server: via }) ?? {};
  const token = await tokenFor(world, combination);
  return via === "http"
    ? await callHttp(method, request, { token, requestId })
    : await callGrpc(method, via, request, { token, requestId });
}

async function tokenFor(world: World, combination: Combination): Promise<string | undefined> {
  const { method, entry, caller, via, expected } = combination;
  const role = roleOf(caller);
  if (role && entry.touchesSession && !expected) return await freshToken(world, role);
  const audience = via === "http" ? method.owner : via;
  switch (caller) {
    case "patient":
    case "doctor":
      return world.mine[caller].token;
    case "admin":
      return world.admin.token;
    case "granted admin":
      return world.grantedAdmin.token;
    case "account":
      return await world.account.token();
    case "other account":
      return await world.account.token((scope) => !method.rules.scopes.includes(scope));
    case "service":
      return await serviceToken(entry.caller?.(via) ?? method.rules.callers[0] ?? "gateway", audience);
    case "wrong service":
      return await serviceToken("mallory", audience);
    default:
      return undefined;
  }
}

async function freshToken({ spare }: World, role: Role): Promise<string> {
  return (await logIn(new Api(sharedStack().urls.gateway), spare[role])).token;
}

/** Groups the combinations. Permitted changes come last, because they would affect denied calls and reads. */
export function phasesOf(combinations: Combination[]): Record<"denied" | "reads" | "changes", Combination[]> {
  return {
    denied: combinations.filter(({ expected }) => expected),
    reads: combinations.filter(({ expected, method }) => !expected && isRead(method)),
    changes: combinations.filter(({ expected, method }) => !expected && !isRead(method)),
  };
}
