/** Node's flags for the processes. The image has the same ones in NODE_OPTIONS. */
export const NODE_FLAGS = ["--enable-source-maps"];
