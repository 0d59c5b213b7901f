import type { AuditEvent } from "@medconnect/client";
import type { Column } from "../parts/item-table.tsx";
import { shortId } from "../parts/short-id.tsx";
import { Time } from "../parts/time.tsx";
import { TraceLink } from "../parts/trace-link.tsx";
import type { AuditFilter } from "./filter-form.tsx";

/**
 * Columns of the audit trail.
 *
 * @param narrow narrows the trail to an actor or a person
 */
export const columnsOf = (narrow: (part: AuditFilter) => void): readonly Column<AuditEvent>[] => [
  { title: "Time", cell: ({ occurTime }) => <Time at={occurTime} /> },
  {
    title: "Action",
    cell: ({ action, resource }) => (
      <>
        <b>{action}</b>
        <small class="hint">{resource}</small>
      </>
    ),
  },
  {
    title: "Outcome",
    cell: ({ outcome }) => <span class={`badge ${outcome}`}>{outcome.toLowerCase()}</span>,
  },
  {
    title: "Actor",
    cell: ({ actorId, grantId }) => (
      <>
        {actorId === "" ? "unknown" : <Person id={actorId} onChoose={() => narrow({ actorId })} />}
        {grantId !== "" && <small class="hint">under a break-glass grant</small>}
      </>
    ),
  },
  {
    title: "About",
    cell: ({ subjectIds }) =>
      subjectIds.map((subjectId) => (
        <Person key={subjectId} id={subjectId} onChoose={() => narrow({ subjectId })} />
      )),
  },
  { title: "Service", cell: ({ service }) => service },
  { title: "Trace", cell: ({ traceId }) => <TraceLink traceId={traceId} /> },
];

const Person = ({ id, onChoose }: { id: string; onChoose(): void }) => (
  <button type="button" class="link id" title={`${id}: narrow the list`} onClick={onChoose}>
    {shortId(id)}
  </button>
);
