/**
 * Status codes of gRPC, from the file of the library that defines them. The library's index would load its 65 files,
 * a sixth of a command's start.
 */
export { Status as status } from "@grpc/grpc-js/build/src/constants.js";
