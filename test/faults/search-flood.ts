// Sends many searches at once when the parent process asks for them, and reports the number of each outcome.
// It is a separate process, so that the parent's measurements are not slowed down by the searches.
import { HOSTILE_QUERIES } from "../support/hostile-search.ts";
import { HttpClient } from "./http-client.ts";

/** The parent's message that starts the searches. */
export interface Flood {
  url: string;
  searches: number;
  /** Access tokens. The searches take turns in using them. */
  tokens: string[];
}

/** Number of searches by outcome, such as { ok: 8, TOO_MANY_CONCURRENT_REQUESTS: 192 }. */
export type Counts = Record<string, number>;

let http: HttpClient | undefined;

async function flood({ url, searches, tokens }: Flood): Promise<Counts> {
  http ??= new HttpClient(url);
  const counts: Counts = {};
  const search = async (i: number) => {
    const query = encodeURIComponent(HOSTILE_QUERIES[i % HOSTILE_QUERIES.length]!);
    const token = tokens[i % tokens.length]!;
    const { kind, reason } = await http!.send(`GET /v1/doctors?pageSize=100&query=${query}`, { token });
    const outcome = kind === "ok" ? "ok" : reason;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: searches }, (_, i) => search(i)));
  return counts;
}

process.on("message", (asked: Flood) => void flood(asked).then((counts) => process.send!(counts)));
process.once("disconnect", () => process.exit());
