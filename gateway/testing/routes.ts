import { methods } from "@medconnect/platform/contract/methods.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { type Route, routesOf } from "../rpc/routes.ts";
import { Services } from "../upstream/services.ts";

/** Address at which nothing listens, for tests that end before a service is called. */
const NOWHERE = "127.0.0.1:1";

export const unreachableServices = () =>
  new Services(
    {
      AUTH_ADDRESS: NOWHERE,
      SCHEDULING_ADDRESS: NOWHERE,
      CLINICAL_ADDRESS: NOWHERE,
      BILLING_ADDRESS: NOWHERE,
    },
    new ServiceTokens("gateway", [Buffer.alloc(32)]),
  );

/** All routes of the contract. */
export const contractRoutes: Route[] = routesOf(methods.values(), unreachableServices());

/** The first route of an RPC. */
export function routeNamed(name: string): Route {
  const route = contractRoutes.find((candidate) => candidate.method.name === name);
  if (!route) throw new Error(`no route for ${name}`);
  return route;
}
