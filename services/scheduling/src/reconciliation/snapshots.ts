import { type GrpcClient, within } from "@medconnect/platform/grpc/client.ts";
import type { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import {
  PaymentServiceService,
  type PaymentSnapshot,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import {
  ConsultationServiceService,
  type ConsultationSnapshot,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";

const TIMEOUT_MS = 5000;

/**
 * Reads snapshots of payments and consultations by their ids. The results leave out ids that do not exist.
 */
export interface Snapshots {
  payments(ids: string[]): Promise<Map<string, PaymentSnapshot>>;
  consultations(ids: string[]): Promise<Map<string, ConsultationSnapshot>>;
}

/** Snapshots from billing and clinical. Both accept at most 500 ids per call. */
export class RemoteSnapshots implements Snapshots {
  readonly #billing: GrpcClient;
  readonly #clinical: GrpcClient;
  readonly #tokens: ServiceTokens;

  constructor(billing: GrpcClient, clinical: GrpcClient, tokens: ServiceTokens) {
    this.#billing = billing;
    this.#clinical = clinical;
    this.#tokens = tokens;
  }

  async payments(paymentIds: string[]): Promise<Map<string, PaymentSnapshot>> {
    if (paymentIds.length === 0) return new Map();
    const method = PaymentServiceService.batchGetPaymentSnapshots;
    const { message } = await this.#billing.call(method, { paymentIds }, await this.#optionsFor("billing"));
    return new Map(message.snapshots.map((snapshot) => [snapshot.paymentId, snapshot]));
  }

  async consultations(consultationIds: string[]): Promise<Map<string, ConsultationSnapshot>> {
    if (consultationIds.length === 0) return new Map();
    const method = ConsultationServiceService.batchGetConsultationSnapshots;
    const options = await this.#optionsFor("clinical");
    const { message } = await this.#clinical.call(method, { consultationIds }, options);
    return new Map(message.snapshots.map((snapshot) => [snapshot.consultationId, snapshot]));
  }

  async #optionsFor(service: string) {
    const token = await this.#tokens.tokenFor(service);
    return { deadline: within(TIMEOUT_MS), metadata: { authorization: `Bearer ${token}` } };
  }
}
