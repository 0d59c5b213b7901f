/** The largest request. gRPC's own default is four times that. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/** The largest answer, as every gRPC library takes by default. A test computes that no page of a list exceeds it. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
