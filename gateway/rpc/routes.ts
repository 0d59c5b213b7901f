import { getOption, hasOption } from "@bufbuild/protobuf";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import {
  MethodRules_Access,
  MethodRules_RateClass,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type HttpBinding, type PathTemplate, parseHttpRule } from "../routing/http-rule.ts";
import { Router } from "../routing/router.ts";
import { bindRequest, type RequestBinding } from "../transcoding/binding.ts";
import { type AnswerEncoder, answerEncoderFor } from "../transcoding/response.ts";
import type { Services } from "../upstream/services.ts";
import { deprecationHeaders } from "./deprecation.ts";
import { type Dispatch, dispatchTo } from "./dispatch.ts";

/**
 * An HTTP method and path, mapped to an RPC. Holds everything that does not depend on a request, computed
 * once.
 */
export interface Route {
  readonly method: Method;
  readonly httpMethod: string;
  readonly template: PathTemplate;
  /** Path template with JSON names, for documentation and logs: `/v1/bookings/{bookingId}:cancel`. */
  readonly path: string;
  readonly binding: RequestBinding;
  readonly dispatch: Dispatch;
  readonly encodeAnswer: AnswerEncoder;
  /**
   * True if clients poll the route and the answer is about no person, for example public keys. Caches may
   * store the answer.
   */
  readonly isPublicData: boolean;
  /** Headers of every answer, as alternating names and values. */
  readonly headers: readonly string[];
}

/**
 * The routes of all methods with an HTTP rule. Methods with internal access get no route, even if they have a
 * rule.
 */
export function routesOf(methods: Iterable<Method>, services: Services): Route[] {
  return [...methods]
    .filter((method) => hasOption(method.desc, http) && method.rules.access !== MethodRules_Access.INTERNAL)
    .flatMap((method) =>
      parseHttpRule(getOption(method.desc, http)).map((binding) => routeOf(method, binding, services)),
    );
}

/** Makes the router. Throws if two routes have the same HTTP method and path. */
export function routerOf(routes: Iterable<Route>): Router<Route> {
  const router = new Router<Route>();
  for (const route of routes) router.add(route.httpMethod, route.template, route);
  return router;
}

function routeOf(method: Method, http: HttpBinding, services: Services): Route {
  const { rules } = method;
  const binding = bindRequest(method.input, http, rules);
  return {
    method,
    httpMethod: http.httpMethod,
    template: http.template,
    path: clientPath(http.template, binding),
    binding,
    dispatch: dispatchTo(method, services),
    encodeAnswer: answerEncoderFor(method),
    isPublicData:
      rules.access === MethodRules_Access.PUBLIC &&
      rules.rate === MethodRules_RateClass.UNLIMITED &&
      http.httpMethod === "GET",
    headers: deprecationHeaders(rules),
  };
}

function clientPath({ segments, verb }: PathTemplate, { variables }: RequestBinding): string {
  const names = variables.map((fields) => fields.map((field) => field.jsonName).join("."));
  const parts = segments.map((segment) => (segment.kind === "literal" ? segment.text : `{${names.shift()}}`));
  return `/${parts.join("/")}${verb && `:${verb}`}`;
}
