/** The largest request. gRPC's own default is four times that. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/** The largest answer: the default limit of every gRPC library. A test proves that each page of a list fits. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
