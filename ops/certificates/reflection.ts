// @peculiar/x509 finds its algorithms through tsyringe, which needs the metadata functions of an abandoned
// ECMAScript proposal. tsyringe asks for constructor parameters to inject. No class of the library has any,
// so undefined is right.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

export {};
