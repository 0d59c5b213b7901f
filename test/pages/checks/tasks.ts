// A reader's tasks at /docs, one after the other: each example acts on the booking that the reader has just made.
import { MedConnect } from "@medconnect/client";
import { eventually } from "@medconnect/test/support/eventually.ts";
import type { Page } from "puppeteer-core";
import {
  DOCS,
  expectEqual,
  open,
  PATIENT,
  press,
  signIn,
  untilUpdated,
  watch,
  withBrowser,
} from "./browser.ts";

const { API_URL = "" } = process.env;
const PASSWORD = "correct-demo-passphrase";
const DOCTOR = "doctor@demo.medconnect.test";
const ADMIN = "admin@demo.medconnect.test";

const patient = new MedConnect({ baseUrl: API_URL });
await patient.login({ email: PATIENT, password: PASSWORD });

/** Books the demo doctor's last slot, so that the booking is the first of any list. @returns its id */
async function bookLastSlot(): Promise<string> {
  const [doctor] = (await patient.searchDoctors({ query: "dana" })).doctors;
  const { slots } = await patient.listSlots({ doctorId: doctor?.id ?? "", status: "OPEN" });
  return (await patient.createBooking({ slotId: slots.at(-1)?.id ?? "", reason: "A cough" })).id;
}

interface Call {
  path: string;
  status: number;
  body: { id: string; paymentId: string; status: string };
}

/** Sends the example of an operation by its dialog. @param place such as `book/POST/v1/bookings` */
async function sendExample(page: Page, place: string): Promise<Call> {
  const [, method = "", path = ""] = /^[\w-]+\/([A-Z]+)(.+)$/.exec(place) ?? [];
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `tag/${place}`);
  await press(
    page,
    new RegExp(`Test Request ?\\(${method.toLowerCase()} ${path.replace(/[{}]/g, "\\$&")}\\)`),
  );
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
  const answered = page.waitForResponse(
    (answer) => pattern.test(new URL(answer.url()).pathname) && answer.request().method() === method,
  );
  await press(page, /^Send/);
  const answer = await answered;
  const body = (await answer.json()) as Call["body"];
  await page.waitForFunction(
    (status) => document.querySelector("[role=dialog]")?.textContent?.includes(String(status)),
    {},
    answer.status(),
  );
  await press(page, /^Close Client/);
  await page.waitForFunction(() => !document.querySelector(".scalar-client--open"));
  await untilUpdated(page);
  return { path: new URL(answer.url()).pathname, status: answer.status(), body };
}

await withBrowser(async (browser) => {
  const other = await bookLastSlot();
  const page = await open(browser, `${DOCS}#tag/book/POST/v1/bookings`);
  const { problems } = watch(page);
  await signIn(page, PATIENT);
  const { status, body: booking } = await sendExample(page, "book/POST/v1/bookings");
  expectEqual("a patient's booking", [status, booking.status], [201, "PENDING_PAYMENT"]);
  expectEqual("it is another one than the first of the list", booking.id !== other, true);
  const payment = await sendExample(page, "pay/POST/v1/payments/{paymentId}/authorize");
  expectEqual("the payment that the patient pays", payment.path.split("/").at(-2), booking.paymentId);
  await eventually(
    () => patient.getBooking({ bookingId: booking.id }),
    ({ status }) => status === "CONFIRMED",
  );
  const paid = await sendExample(page, "book/GET/v1/bookings/{bookingId}");
  expectEqual("the booking after it", [paid.body.id, paid.body.status], [booking.id, "CONFIRMED"]);

  await signIn(page, DOCTOR);
  const cancelled = await sendExample(page, "book/POST/v1/bookings/{bookingId}/cancel");
  expectEqual("the booking that the doctor cancels", cancelled.body.id, booking.id);

  await signIn(page, ADMIN);
  const seen = await sendExample(page, "book/GET/v1/bookings/{bookingId}");
  expectEqual(
    "the booking as the admin sees it",
    [seen.body.id, seen.body.status],
    [booking.id, "CANCELLED"],
  );
  expectEqual("problems in the console", problems, []);
  // Unpaid bookings are limited.
  await patient.cancelBooking({ bookingId: other, reason: "Only a trial" });
});
