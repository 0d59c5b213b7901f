import { readFileSync } from "node:fs";
import { advanceClock } from "@medconnect/dev/stack/sandbox-clock.ts";
import { type Account, signUp } from "../../support/accounts.ts";
import { eventually } from "../../support/eventually.ts";
import { DAY_MS, FEE, HOUR_MS, openPractice } from "../../support/practice.ts";
import { paid } from "./forgeries.ts";
import { type AlertFault, type Lab, schema, sql } from "./lab.ts";

/** Days until the appointments, so many that every advance of the clock below leaves them in the future. */
const DAYS = 60;

/** Faults of payments, which the sandbox clock brings about. Nothing else runs meanwhile. */
export const MONEY: readonly AlertFault[] = [
  {
    name: "the provider does not answer for three hours",
    alerts: ["MoneyStuck"],
    begin: async (lab) => {
      const { patient, booking } = await payFor(lab);
      const rename = (from: string, to: string) =>
        sql(lab.system.stack, "RENAME TABLE ??.?? TO ??.??", [
          schema("billing"),
          from,
          schema("billing"),
          to,
        ]);
      await rename("stub_charges", "stub_charges_away");
      await patient.api.ok(`POST /v1/bookings/${booking.id}:cancel`, { body: {} });
      await advance(lab, 3 * HOUR_MS);
      return () => rename("stub_charges_away", "stub_charges");
    },
  },
  {
    name: "an authorization expires before its booking",
    alerts: ["FeeLost"],
    begin: async (lab) => {
      await payFor(lab);
      await advance(lab, 8 * DAY_MS);
      return async () => {};
    },
  },
  {
    name: "the provider refuses a refund for good",
    alerts: ["RefundsStopped"],
    begin: async (lab) => {
      const { patient, booking } = await payFor(lab, "pm_card_refund_fail");
      const payment = `/v1/payments/${booking.paymentId}`;
      // Captured a day before the authorization expires.
      await advance(lab, 6.5 * DAY_MS);
      await untilStatus(patient, payment, "CAPTURED");
      await patient.api.ok(`POST /v1/bookings/${booking.id}:cancel`, { body: {} });
      for (const [failures, hours] of [1, 4, 24].entries()) {
        await eventually(
          () => failedRefunds(patient, payment),
          (count) => count > failures,
        );
        await advance(lab, hours * HOUR_MS);
      }
      return async () => {
        await sql(lab.system.stack, "UPDATE ??.stub_charges SET refund_status = 'SUCCEEDED'", [
          schema("billing"),
        ]);
        const body = { amountMinor: FEE.amountMinor, reason: "Sent again" };
        await lab.admin.api.ok(`POST ${payment}/refunds`, { key: true, body });
      };
    },
  },
];

async function payFor({ api }: Lab, paymentMethod?: string) {
  const [doctor, patient] = [await openPractice(api, { fee: FEE }), await signUp(api, "PATIENT")];
  return { patient, booking: await paid(doctor, patient, DAYS, paymentMethod) };
}

const advance = ({ system: { stack } }: Lab, ms: number) =>
  advanceClock(JSON.parse(readFileSync(stack.file, "utf8")), ms);

const untilStatus = ({ api }: Account, payment: string, status: string) =>
  eventually(
    () => api.ok(`GET ${payment}`),
    (body) => body.status === status,
  );

async function failedRefunds({ api }: Account, payment: string): Promise<number> {
  const { refunds } = await api.ok(`GET ${payment}/refunds`);
  return (refunds as { status: string }[]).filter(({ status }) => status === "FAILED").length;
}
