import { SetupError } from "@medconnect/ops/command/setup-error.ts";

export type Json = Record<string, unknown>;

/** Answer to a call. */
export class Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** Empty where there is none. */
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

  /** A text field of the body. Throws where it is missing. */
  text(field: string): string {
    const value = this.body[field];
    if (typeof value === "string" && value !== "") return value;
    throw new SetupError(`The answer has no "${field}".`);
  }

  /** A list of the body. Throws where it is missing. */
  list(field: string): Json[] {
    const value = this.body[field];
    if (Array.isArray(value)) return value;
    throw new SetupError(`The answer has no list "${field}".`);
  }
}
