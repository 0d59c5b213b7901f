/** Maximum size of a request in bytes: a quarter of the default of gRPC. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/**
 * Maximum size of a response in bytes: the default of gRPC. list-sizes.test.ts proves that each page of a
 * list fits.
 */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
