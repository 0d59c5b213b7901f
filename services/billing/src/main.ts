import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { Job } from "@medconnect/platform/jobs.ts";
import { startProcess } from "@medconnect/platform/lifecycle.ts";
import { runService } from "@medconnect/platform/service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { type Billing, billingSettings } from "./app.ts";
import {
  applyBookingExpired,
  applyBookingHeld,
  applyBookingSettled,
} from "./payments/apply-booking-events.ts";
import { applyConsultationEnded } from "./payments/apply-consultation-events.ts";
import { authorizePayment } from "./payments/authorize-payment.ts";
import { getPaymentStats } from "./payments/payment-stats.ts";
import { getPayment, listPayments } from "./payments/read-payments.ts";
import { settlePayments } from "./payments/settle-payments.ts";
import { createProvider } from "./providers/create-provider.ts";

startProcess("billing", async () => {
  const config = loadConfig({ ...serviceSettings, ...billingSettings });

  await runService({
    name: "billing",
    config,
    routes: { "payment.authorized": ["scheduling"] },
    build: (platform) => {
      const app: Billing = {
        ...platform,
        provider: createProvider(config, platform.db, platform.clock),
        attemptLeaseMs: config.ATTEMPT_LEASE,
        settleSoon: () => settler.kick(),
      };
      const settler = new Job("settle payments", config.SETTLE_EVERY, settlePayments(app), platform.log);
      const settled = { from: "scheduling", apply: applyBookingSettled(app) };
      return {
        serve: (server) => {
          server.serve(PaymentServiceService, {
            getPayment: getPayment(app),
            listPayments: listPayments(app),
            authorizePayment: authorizePayment(app),
            getPaymentStats: getPaymentStats(app),
          });
        },
        consumes: {
          "booking.held": { from: "scheduling", apply: applyBookingHeld(app) },
          "booking.expired": { from: "scheduling", apply: applyBookingExpired(app) },
          "booking.cancelled": settled,
          "booking.payment_refused": settled,
          "consultation.completed": {
            from: "clinical",
            apply: applyConsultationEnded(app, "consultation.completed"),
          },
          "consultation.no_show": {
            from: "clinical",
            apply: applyConsultationEnded(app, "consultation.no_show"),
          },
          "consultation.abandoned": {
            from: "clinical",
            apply: applyConsultationEnded(app, "consultation.abandoned"),
          },
        },
        jobs: [settler],
      };
    },
  });
});
