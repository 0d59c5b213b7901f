// @peculiar/x509 finds its algorithms through tsyringe. tsyringe needs metadata functions from an abandoned
// ECMAScript proposal, with which it reads the constructor parameters to inject. No class of the library has
// any, so undefined is right.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

export {};
