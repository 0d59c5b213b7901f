// @peculiar/x509 creates its objects with tsyringe, a library for dependency injection. tsyringe reads
// constructor parameters through metadata functions of an abandoned ECMAScript proposal. No class of
// @peculiar/x509 has such parameters, so these functions may return undefined.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

export {};
