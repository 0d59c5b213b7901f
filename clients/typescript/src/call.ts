/** Facts about the HTTP answer of a call. */
export interface AnswerInfo {
  status: number;
  headers: Headers;
  /** Quote it in support requests. */
  requestId: string | undefined;
  /** Id of the call's trace (W3C Trace Context). */
  traceId: string | undefined;
  /** True if this is the stored answer to an earlier call with the same Idempotency-Key. */
  replayed: boolean;
  /** The Idempotency-Key that was sent. */
  idempotencyKey: string | undefined;
}

export interface Answered<Answer> {
  data: Answer;
  info: AnswerInfo;
}

/** The promise of a call's answer. `withInfo()` also gives facts about the HTTP answer. */
export class Call<Answer> extends Promise<Answer> {
  readonly #answered: Promise<Answered<Answer>>;

  constructor(answered: Promise<Answered<Answer>>) {
    super((resolve, reject) => answered.then(({ data }) => resolve(data), reject));
    this.#answered = answered;
  }

  // `then` of a call makes a plain promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** The answer, with its status, headers, request id and trace id. */
  withInfo(): Promise<Answered<Answer>> {
    // A failure is the caller's to handle once, and not also a rejection of this promise that nobody handles.
    this.catch(() => {});
    return this.#answered;
  }
}

/**
 * A list. `await` gives its first page, `for await` each item of all pages.
 *
 * ```ts
 * for await (const doctor of medconnect.searchDoctors({ specialty: "cardiology" })) show(doctor);
 * ```
 */
export class Pages<Page, Item> extends Call<Page> implements AsyncIterable<Item> {
  readonly #list: ListReader<Page>;

  constructor(list: ListReader<Page>) {
    super(list.page(""));
    this.#list = list;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* itemsIn<Item>(page, this.#list.items);
  }

  /** The pages of the list, from the first. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let page: Page = await this;
    yield page;
    for (let token = nextTokenOf(page); token !== ""; token = nextTokenOf(page)) {
      page = (await this.#list.page(token)).data;
      yield page;
    }
  }
}

/** Reads the pages of one list. */
export interface ListReader<Page> {
  /** Field of a page that has the items. */
  readonly items: string;
  page(token: string): Promise<Answered<Page>>;
}

/** The items of a long answer, as they arrive. */
export type Lines<Item> = AsyncIterable<Item>;

const itemsIn = <Item>(page: unknown, items: string): Item[] => (page as Record<string, Item[]>)[items] ?? [];

const nextTokenOf = (page: unknown): string => (page as { nextPageToken?: string }).nextPageToken ?? "";
