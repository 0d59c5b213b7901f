/** Maximum size of a request: a quarter of gRPC's default. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/** Maximum size of a response: gRPC's default. list-sizes.test.ts proves that each page fits. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
