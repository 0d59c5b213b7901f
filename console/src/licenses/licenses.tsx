import { type License, listLicenses } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Choice } from "../parts/choice.tsx";
import { Heading } from "../parts/heading.tsx";
import { type Column, ItemTable } from "../parts/item-table.tsx";
import { Paged } from "../parts/paged.tsx";
import { Time } from "../parts/time.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";
import { type Decision, DecisionDialog } from "./decision-dialog.tsx";

const FILTERS = [
  ["waiting", "To decide"],
  ["all", "All"],
] as const;
type Filter = (typeof FILTERS)[number][0];

/** Licences of doctors, which an admin verifies, rejects or revokes. */
export function Licenses() {
  const calls = useAdminCalls();
  const [filter, setFilter] = useState<Filter>("waiting");
  const [decision, setDecision] = useState<Decision>();
  const [notice, setNotice] = useState("");
  return (
    <>
      <div class="head">
        <Heading title="Licences" />
        <Choice legend="Licences" options={FILTERS} value={filter} onChange={(value) => setFilter(value)} />
      </div>
      <p class="done" role="status">
        {notice}
      </p>
      <Paged
        key={filter}
        name="licences"
        load={(pageToken, signal) =>
          calls.call(listLicenses, { pageToken, awaitingDecision: filter === "waiting" }, { signal })
        }
      >
        {({ licenses }, reload) => (
          <>
            <ItemTable
              name="Licences"
              items={licenses}
              columns={[...COLUMNS, actionsOf(setDecision)]}
              empty={
                filter === "waiting" ? "No licence waits for a decision." : "No doctor has claimed a licence."
              }
            />
            {decision && (
              <DecisionDialog
                decision={decision}
                onClose={() => setDecision(undefined)}
                onDecided={(done) => {
                  setDecision(undefined);
                  setNotice(done);
                  reload();
                }}
              />
            )}
          </>
        )}
      </Paged>
    </>
  );
}

const COLUMNS: readonly Column<License>[] = [
  {
    title: "Doctor",
    cell: ({ doctorName, doctorEmail, verifiedName }) => (
      <>
        <b>{doctorName}</b>
        <small class="hint">{doctorEmail}</small>
        {verifiedName !== undefined && verifiedName !== doctorName && (
          <small class="hint">verified as {verifiedName}</small>
        )}
      </>
    ),
  },
  { title: "Number", cell: ({ number }) => <code>{number}</code> },
  { title: "Region", cell: ({ region }) => region },
  { title: "Last day", cell: ({ expireDate }) => expireDate || "unlimited" },
  { title: "Claimed", cell: ({ createTime }) => <Time at={createTime} /> },
  { title: "Status", cell: ({ status }) => <span class={`badge ${status}`}>{status.toLowerCase()}</span> },
];

const actionsOf = (choose: (decision: Decision) => void): Column<License> => ({
  title: "Decision",
  cell: (license) => (
    <div class="row-actions">
      {ACTIONS.filter(({ isFor }) => isFor(license)).map(({ kind, text }) => (
        <button key={kind} type="button" onClick={() => choose({ license, kind })}>
          {text} <span class="unseen">licence {license.number}</span>
        </button>
      ))}
    </div>
  ),
});

const ACTIONS: readonly { kind: Decision["kind"]; text: string; isFor(license: License): boolean }[] = [
  {
    kind: "verify",
    text: "Verify",
    // A verified licence whose doctor has another name since needs another decision.
    isFor: ({ status, doctorName, verifiedName }) =>
      status === "PENDING" || (status === "VERIFIED" && verifiedName !== doctorName),
  },
  { kind: "reject", text: "Reject", isFor: ({ status }) => status === "PENDING" },
  { kind: "revoke", text: "Revoke", isFor: ({ status }) => status === "VERIFIED" },
];
