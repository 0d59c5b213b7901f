import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { startProcess } from "@medconnect/platform/service/lifecycle.ts";
import { runService } from "@medconnect/platform/service/service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import { WebhookServiceService } from "@medconnect/proto/medconnect/billing/v1/webhook_service.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { topologyOf } from "@medconnect/topology/topology.ts";
import { type Billing, EVENT_ROUTES } from "./app.ts";
import { consumersOf } from "./consumers.ts";
import { jobsOf } from "./jobs.ts";
import { authorizePayment } from "./payments/authorize-payment.ts";
import { batchGetPaymentSnapshots } from "./payments/batch-get-snapshots.ts";
import { getPaymentStats } from "./payments/payment-stats.ts";
import { getPayment, listPayments } from "./payments/read-payments.ts";
import { processingJobs } from "./processing/processing-jobs.ts";
import { watchBacklog } from "./processing/watch-backlog.ts";
import { createProviders } from "./providers/create-providers.ts";
import { createRefund } from "./refunds/create-refund.ts";
import { getRefund, listRefunds } from "./refunds/read-refunds.ts";
import { billingSettings } from "./settings.ts";
import { receiveWebhook } from "./webhooks/receive-webhook.ts";

startProcess("billing", async () => {
  const config = loadConfig({ ...serviceSettings, ...addressSettings, ...billingSettings });

  await runService({
    name: "billing",
    config,
    topology: topologyOf(config),
    routes: EVENT_ROUTES,
    build: async (platform) => {
      const app: Billing = {
        ...platform,
        proofs: new RowProofs(platform),
        providers: await createProviders(config, platform),
        attemptLeaseMs: config.ATTEMPT_LEASE,
        captureBeforeExpiryMs: config.CAPTURE_BEFORE_EXPIRY,
        processSoon: () => {
          for (const job of processing) job.kick();
        },
      };
      const processing = processingJobs(app, config.PROCESS_EVERY);
      watchBacklog(app);
      return {
        serve: (server) => {
          server.serve(PaymentServiceService, app, {
            getPayment,
            listPayments,
            authorizePayment,
            getPaymentStats,
            batchGetPaymentSnapshots,
          });
          server.serve(WebhookServiceService, app, { receiveWebhook });
          server.serve(RefundServiceService, app, {
            createRefund,
            listRefunds,
            getRefund,
          });
        },
        consumes: consumersOf(app),
        jobs: jobsOf(app, config, processing),
      };
    },
  });
});
