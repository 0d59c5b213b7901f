// @peculiar/x509 looks its algorithms up with tsyringe, which will not load without the metadata functions of an abandoned
// ECMAScript proposal. It asks for constructor parameters to inject; nothing in the library has any, so none is the answer.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });

export {};
