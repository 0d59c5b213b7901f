import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Subset of a PaymentIntent. The field names are Stripe's. */
interface Intent {
  id: string;
  object: "payment_intent";
  status: string;
  amount: number;
  created: number;
  metadata: Record<string, string>;
  last_payment_error: { code: string; decline_code: string } | null;
  next_action: { type: string; redirect_to_url: { url: string } } | null;
  latest_charge: { payment_method_details: { card: { capture_before: number } } } | null;
}

interface Refund {
  id: string;
  object: "refund";
  payment_intent: string;
  status: string;
  amount: number;
  metadata: Record<string, string>;
}

interface Reply {
  status: number;
  body: unknown;
}

const CREATED = 1_893_488_400;
export const CAPTURE_BEFORE = CREATED + 5 * 24 * 3600;

/** Error that Stripe returns for the creation of an intent. */
export interface Refusal {
  status: number;
  type: string;
  code?: string;
}

const ok = (body: unknown): Reply => ({ status: 200, body });
const invalid = (code: string, param?: string): Reply => ({
  status: 400,
  body: { error: { type: "invalid_request_error", code, param, message: code } },
});
const missing = invalid("resource_missing", "intent");

/** Test server that imitates the endpoints of Stripe's API that billing uses, including idempotency keys. */
export class StripeStandIn {
  readonly intents = new Map<string, Intent>();
  readonly refunds = new Map<string, Refund>();
  /** Received requests; `route` is method and path. */
  readonly requests: { route: string; form: URLSearchParams; key: string | undefined }[] = [];
  /** If false, the search finds nothing. Stripe's own search lags by up to a minute. */
  searchable = true;
  /** Error returned for each new intent; undefined accepts new intents. */
  refusal: Refusal | undefined;
  /** The status of new refunds. */
  refundStatus = "succeeded";
  /** Number of further requests that are processed, but whose connection is closed without an answer. */
  dropAnswers = 0;
  readonly #answers = new Map<string, Reply>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const reply = this.#answerOnce(request, new URLSearchParams(await text(request)));
      if (this.dropAnswers > 0) {
        this.dropAnswers--;
        request.socket.destroy();
        return;
      }
      response.writeHead(reply.status, { "content-type": "application/json" });
      response.end(JSON.stringify(reply.body));
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Lets the payer confirm an intent. */
  confirm(id: string): void {
    const intent = this.intents.get(id);
    if (intent) this.#transition(intent, ["requires_action"], "requires_capture");
  }

  /** Answers a request. A repeated idempotency key gets its first answer again, even if that is outdated. */
  #answerOnce(request: IncomingMessage, form: URLSearchParams): Reply {
    const key = request.headers["idempotency-key"] as string | undefined;
    const url = new URL(request.url ?? "/", "http://stripe.test");
    this.requests.push({ route: `${request.method} ${url.pathname}`, form, key });
    const known = key && this.#answers.get(key);
    if (known) return known;
    const reply = this.#answer(`${request.method} ${url.pathname}`, url.searchParams, form);
    if (key) this.#answers.set(key, structuredClone(reply));
    return reply;
  }

  #answer(route: string, query: URLSearchParams, form: URLSearchParams): Reply {
    const [, id = "", verb = ""] = /\/(?:payment_intents|refunds)\/(\w+)(?:\/(\w+))?$/.exec(route) ?? [];
    if (route === "POST /v1/payment_intents") return this.#createIntent(form);
    if (route === "GET /v1/payment_intents/search") return ok(this.#search(query.get("query") ?? ""));
    if (route === "POST /v1/refunds") return this.#createRefund(form);
    if (route === "GET /v1/refunds") {
      const data = [...this.refunds.values()].filter(
        (refund) => refund.payment_intent === query.get("payment_intent"),
      );
      return ok({ object: "list", data, has_more: false });
    }
    if (route.startsWith("GET /v1/refunds/")) return ok(this.refunds.get(id));
    const intent = this.intents.get(id);
    if (!intent) return missing;
    if (verb === "capture") return this.#transition(intent, ["requires_capture"], "succeeded");
    if (verb === "cancel")
      return this.#transition(intent, ["requires_capture", "requires_action"], "canceled");
    return ok(intent);
  }

  #createIntent(form: URLSearchParams): Reply {
    const method = form.get("payment_method");
    if (this.refusal) {
      const { status, ...error } = this.refusal;
      return { status, body: { error: { ...error, message: "no" } } };
    }
    if (method === "pm_unknown") return invalid("resource_missing", "payment_method");
    const isDeclined = method === "pm_card_visa_chargeDeclined";
    const needsAction = method === "pm_card_authenticationRequired";
    const intent: Intent = {
      id: `pi_${this.intents.size + 1}`,
      object: "payment_intent",
      status: isDeclined ? "requires_payment_method" : needsAction ? "requires_action" : "requires_capture",
      amount: Number(form.get("amount")),
      created: CREATED,
      metadata: { attempt_id: form.get("metadata[attempt_id]") ?? "" },
      last_payment_error: isDeclined ? { code: "card_declined", decline_code: "insufficient_funds" } : null,
      next_action: needsAction
        ? { type: "redirect_to_url", redirect_to_url: { url: "https://stripe.test/3ds" } }
        : null,
      latest_charge: { payment_method_details: { card: { capture_before: CAPTURE_BEFORE } } },
    };
    this.intents.set(intent.id, intent);
    if (!isDeclined) return ok(intent);
    const error = { type: "card_error", ...intent.last_payment_error, payment_intent: intent, message: "no" };
    return { status: 402, body: { error } };
  }

  #search(query: string): unknown {
    const [, attemptId] = /^metadata\["attempt_id"\]:"(.*)"$/.exec(query) ?? [];
    const found = [...this.intents.values()].filter(({ metadata }) => metadata.attempt_id === attemptId);
    return { object: "search_result", data: this.searchable ? found : [], has_more: false };
  }

  #transition(intent: Intent, from: string[], to: string): Reply {
    if (!from.includes(intent.status)) return invalid("payment_intent_unexpected_state");
    Object.assign(intent, { status: to, next_action: null });
    return ok(intent);
  }

  #createRefund(form: URLSearchParams): Reply {
    const intent = this.intents.get(form.get("payment_intent") ?? "");
    const amount = Number(form.get("amount"));
    const before = [...this.refunds.values()].reduce((sum, refund) => sum + refund.amount, 0);
    if (intent?.status !== "succeeded" || before + amount > intent.amount) {
      return invalid("charge_already_refunded");
    }
    const refund: Refund = {
      id: `re_${this.refunds.size + 1}`,
      object: "refund",
      payment_intent: intent.id,
      status: this.refundStatus,
      amount,
      metadata: { refund_id: form.get("metadata[refund_id]") ?? "" },
    };
    this.refunds.set(refund.id, refund);
    return ok(refund);
  }
}
