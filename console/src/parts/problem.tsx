import { ConnectionError, MedConnectError } from "@medconnect/client";
import type { ComponentChildren } from "preact";
import { TraceLink } from "./trace-link.tsx";

/** Tells of a failure, and of the next step. */
export function Problem({ error, children }: { error: unknown; children?: ComponentChildren }) {
  return (
    <div class="problem" role="alert">
      <p>{messageOf(error)}</p>
      {error instanceof MedConnectError && <Reference error={error} />}
      {children}
    </div>
  );
}

function messageOf(error: unknown): string {
  if (error instanceof ConnectionError)
    return "The system does not answer. Check your connection, then try again.";
  if (error instanceof MedConnectError)
    return [
      error.detail,
      ...error.violations.map(({ field, description }) => `${field}: ${description}`),
    ].join(" ");
  return "The console failed. Load the page again.";
}

/** Facts for a report of the failure. */
const Reference = ({ error: { reason, requestId, headers } }: { error: MedConnectError }) => (
  <p class="reference">
    {reason && <a href={`/docs/errors#${reason}`}>{reason}</a>}
    {requestId && <span>Request {requestId}</span>}
    <TraceLink traceId={headers.get("x-trace-id") ?? ""} />
  </p>
);
