import { SetupError, UsageError } from "@medconnect/ops/command/setup-error.ts";
import { RELOAD_PATH, RUN_JOBS_PATH } from "@medconnect/platform/service/sandbox-actions.ts";
import { advanceProblem } from "@medconnect/platform/time/advance-rules.ts";
import { addAdvance, readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";

/** Fields of stack.json by which the clock of a running system is reached. */
export interface ClockedStack {
  readonly sandboxClock?: string | undefined;
  readonly metricsPorts: Readonly<Record<ServiceName, number>>;
}

export interface Advance {
  /** Business time before and after the advance. */
  from: Date;
  to: Date;
  /** Jobs that failed, as service: job. */
  failedJobs: string[];
}

/** Time for all due jobs of a service, in ms. */
const ANSWER_WITHIN_MS = 300_000;

/** Business time of a running system. Throws SetupError unless all services answer. */
export async function readClock(stack: ClockedStack): Promise<Date> {
  fileOf(stack);
  const times = await atEach<{ businessTime: string }>(stack, RELOAD_PATH);
  return new Date(Math.max(...times.map(({ businessTime }) => Date.parse(businessTime))));
}

/**
 * Advances business time in all services, and runs their jobs once. Every service has the new time before the
 * first job runs. Throws UsageError for an advance that is not possible, and SetupError unless all services
 * answer.
 */
export async function advanceClock(stack: ClockedStack, ms: number): Promise<Advance> {
  const file = fileOf(stack);
  const problem = advanceProblem(ms, readAdvances(file));
  if (problem !== undefined) throw new UsageError(problem);
  const from = await readClock(stack);
  addAdvance(file, ms);
  const to = await readClock(stack);
  const outcomes = await atEach<{ failedJobs: string[] }>(stack, RUN_JOBS_PATH);
  const failedJobs = outcomes.flatMap((outcome, i) =>
    outcome.failedJobs.map((job) => `${SERVICES[i]}: ${job}`),
  );
  return { from, to, failedJobs };
}

function fileOf({ sandboxClock }: ClockedStack): string {
  if (sandboxClock !== undefined) return sandboxClock;
  throw new SetupError("This system has no sandbox clock. Start it with npm start.");
}

/** Posts to the ops server of each service. @returns the answers, in the order of SERVICES */
const atEach = <T>({ metricsPorts }: ClockedStack, path: string): Promise<T[]> =>
  Promise.all(SERVICES.map((name) => post<T>(name, `http://127.0.0.1:${metricsPorts[name]}${path}`)));

async function post<T>(service: ServiceName, url: string): Promise<T> {
  const options = { method: "POST", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
  const answer = await fetch(url, options).catch((error: Error) => {
    throw new SetupError(
      `${service} does not answer. It takes over business time when it starts; is the system running?`,
      { cause: error },
    );
  });
  if (answer.ok) return (await answer.json()) as T;
  throw new SetupError(`${service} cannot take over business time: ${(await answer.text()).trim()}`);
}
