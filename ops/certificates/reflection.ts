// @peculiar/x509 looks its algorithms up with tsyringe, which will not load without the metadata functions of an abandoned
// ECMAScript proposal. It asks for constructor parameters to inject. No class of the library has them, so undefined is right.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

export {};
