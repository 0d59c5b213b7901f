import { bookAndPay } from "./booking.ts";
import { meet } from "./consultation.ts";
import { verifyLicense } from "./licensing.ts";
import { leave, oversee } from "./oversight.ts";
import { secureLogin, signUp } from "./people.ts";
import { makeProfile, offerTimes } from "./times.ts";
import type { Walker } from "./walker.ts";

/**
 * Sends all calls of the demo, from the registration of two accounts to the admin's view of the audit trail.
 */
export async function walkJourney(walker: Walker): Promise<void> {
  walker.chapter("Two people join");
  const people = await signUp(walker);

  walker.chapter("The doctor adds a second factor");
  const doctor = await secureLogin(walker, people.doctor);

  walker.chapter("An admin verifies the doctor's licence");
  const admin = await verifyLicense(walker, doctor, await makeProfile(walker, doctor));

  walker.chapter("The doctor offers times");
  await offerTimes(walker, doctor);

  walker.chapter("The patient finds, books and pays one");
  const { patient, booking } = await bookAndPay(walker, people.patient, doctor);

  walker.chapter("They meet");
  await meet(walker, { patient, doctor, booking });

  walker.chapter("The admin looks on");
  await oversee(walker, admin, patient, booking);

  walker.chapter("The patient leaves");
  await leave(walker, patient);

  walker.say(whereToLook(walker, booking.traceId));
}

function whereToLook(walker: Walker, traceId: string): string {
  const page = walker.pageOf(traceId);
  return [
    "",
    "Every response was as expected.",
    "",
    `The booking's trace id is ${traceId}, from the x-trace-id of its response.`,
    "  - The request's log lines contain it: search the output of npm start.",
    "  - So do its events in the audit trail, as the admin saw above.",
    ...(page
      ? [
          `  - Its spans: ${page}`,
          `    or npm run trace -- ${traceId.slice(0, 8)}, as for each answer above.`,
        ]
      : [
          "  - Its spans go to where OTEL_EXPORTER_OTLP_ENDPOINT points; with docker compose up, that is Jaeger:",
          `    http://127.0.0.1:16686/trace/${traceId}`,
        ]),
    "",
    `Every route, with a form to try it: ${walker.url}/docs`,
  ].join("\n");
}
