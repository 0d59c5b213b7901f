import { type GrpcClient, within } from "@medconnect/platform/grpc/client.ts";
import type { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import {
  PaymentServiceService,
  type PaymentStanding,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import {
  ConsultationServiceService,
  type ConsultationStanding,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";

const TIMEOUT_MS = 5000;

/** Where payments and consultations stand, by their ids; those that do not exist are left out. */
export interface Standings {
  payments(ids: string[]): Promise<Map<string, PaymentStanding>>;
  consultations(ids: string[]): Promise<Map<string, ConsultationStanding>>;
}

/** Asks billing and clinical. At most 500 ids at once. */
export class RemoteStandings implements Standings {
  readonly #billing: GrpcClient;
  readonly #clinical: GrpcClient;
  readonly #tokens: ServiceTokens;

  constructor(billing: GrpcClient, clinical: GrpcClient, tokens: ServiceTokens) {
    this.#billing = billing;
    this.#clinical = clinical;
    this.#tokens = tokens;
  }

  async payments(paymentIds: string[]): Promise<Map<string, PaymentStanding>> {
    if (paymentIds.length === 0) return new Map();
    const method = PaymentServiceService.batchGetPaymentStandings;
    const { message } = await this.#billing.call(method, { paymentIds }, await this.#optionsFor("billing"));
    return new Map(message.standings.map((standing) => [standing.paymentId, standing]));
  }

  async consultations(consultationIds: string[]): Promise<Map<string, ConsultationStanding>> {
    if (consultationIds.length === 0) return new Map();
    const method = ConsultationServiceService.batchGetConsultationStandings;
    const options = await this.#optionsFor("clinical");
    const { message } = await this.#clinical.call(method, { consultationIds }, options);
    return new Map(message.standings.map((standing) => [standing.consultationId, standing]));
  }

  async #optionsFor(service: string) {
    const token = await this.#tokens.tokenFor(service);
    return { deadline: within(TIMEOUT_MS), metadata: { authorization: `Bearer ${token}` } };
  }
}
