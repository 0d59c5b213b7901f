import { ShortId } from "./short-id.tsx";

/** URL of a trace at the deployment's viewer, with `{traceId}`; empty where there is none. */
const TEMPLATE = document.getElementById("console")?.dataset.traceUrl ?? "";

/** The id of a trace, if there is one; as a link where the deployment has a viewer. */
export function TraceLink({ traceId }: { traceId: string }) {
  if (traceId === "") return null;
  if (TEMPLATE === "") return <ShortId id={traceId} />;
  return (
    <a href={TEMPLATE.replaceAll("{traceId}", traceId)} target="_blank" rel="noreferrer" title={traceId}>
      Trace <span class="unseen">{traceId} in a new tab</span>
    </a>
  );
}
