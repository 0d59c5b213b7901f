type Json = Record<string, unknown>;

/** A request and its answer, as they were sent. */
export interface Exchange {
  /** Method and path, such as "GET /v1/users/me". */
  call: string;
  /** Headers and body of the request. */
  headers: Record<string, string>;
  body: Json;
  answer: { status: number; statusText: string; headers: Headers; body: Json };
}

/** Reads an exchange from the arguments and the result of `fetch`. An absent body is `{}`. */
export async function exchange(path: string, init: RequestInit, response: Response): Promise<Exchange> {
  const { status, statusText, headers } = response;
  return {
    call: `${init.method} ${path}`,
    headers: init.headers as Record<string, string>,
    body: typeof init.body === "string" ? JSON.parse(init.body) : {},
    answer: { status, statusText, headers, body: parse(await response.text()) },
  };
}

const parse = (text: string): Json => (text === "" ? {} : JSON.parse(text));
