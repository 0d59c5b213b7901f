import { SetupError } from "@medconnect/ops/command/setup-error.ts";

export type Json = Record<string, unknown>;

export class Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** Parsed JSON; `{}` for a response without a body. */
  readonly body: Json;

  private constructor(response: Response, body: Json) {
    this.status = response.status;
    this.statusText = response.statusText;
    this.headers = response.headers;
    this.body = body;
  }

  static async read(response: Response): Promise<Answer> {
    const text = await response.text();
    return new Answer(response, text === "" ? {} : JSON.parse(text));
  }

  /** Returns a text field of the body. Throws if it is missing. */
  text(field: string): string {
    const value = this.body[field];
    if (typeof value === "string" && value !== "") return value;
    throw new SetupError(`The response has no text field "${field}".`);
  }

  /** Returns a list in the body. Throws if it is missing. */
  list(field: string): Json[] {
    const value = this.body[field];
    if (Array.isArray(value)) return value;
    throw new SetupError(`The response has no list "${field}".`);
  }
}
