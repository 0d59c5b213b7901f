import { Agent, request } from "node:http";

export interface Call {
  method: "GET" | "POST";
  path: string;
  token?: string;
  key?: string;
  body?: object;
}

/** Error for a response whose status is not 2xx. */
export class Refusal extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** HTTP client that keeps its connections open. node:http needs less than half of the CPU of `fetch`. */
export class Client {
  readonly #agent: Agent;
  readonly #host: string;
  readonly #port: string;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#agent = new Agent({ keepAlive: true });
    this.#host = hostname;
    this.#port = port;
  }

  /** @returns the body of the response. Throws Refusal if the status is not 2xx. */
  send({ method, path, token, key, body }: Call): Promise<string> {
    const payload = body && JSON.stringify(body);
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { "idempotency-key": key }),
      ...(payload && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    };
    const options = { agent: this.#agent, host: this.#host, port: this.#port, method, path, headers };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new Refusal(`${method} ${path} answers ${status}: ${text.slice(0, 300)}`, status));
        });
      });
      sent.once("error", reject);
      sent.end(payload);
    });
  }

  /** @returns the body of the response, parsed as JSON. Throws Refusal if the status is not 2xx. */
  async call<T>(call: Call): Promise<T> {
    return JSON.parse(await this.send(call));
  }
}
