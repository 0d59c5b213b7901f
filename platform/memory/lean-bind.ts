import { AsyncResource } from "node:async_hooks";

/**
 * Replaces `AsyncResource.prototype.bind`, which the HTTP/2 client of Node calls for each request. The
 * version of Node adds a deprecated property with accessors (DEP0172). V8 stores the accessors in a hidden
 * class, which is in the old generation of the heap from the start. The hidden class retains the request
 * until a full garbage collection (decision 0034). This replacement omits the property.
 */
export function useLeanBind(): void {
  AsyncResource.prototype.bind = function <Bound>(this: AsyncResource, fn: Bound, thisArg?: unknown): Bound {
    const run = (self: unknown, args: unknown[]) =>
      this.runInAsyncScope(fn as (...args: unknown[]) => unknown, thisArg ?? self, ...args);
    return function (this: unknown, ...args: unknown[]) {
      return run(this, args);
    } as Bound;
  };
}
