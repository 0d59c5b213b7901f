// Zod, which is part of Scalar, compiles its schemas with `Function` unless this is set. The page's
// Content-Security-Policy forbids that.
globalThis.__zod_globalConfig = { jitless: true };
