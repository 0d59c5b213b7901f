import { listAuditEvents } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Heading } from "../parts/heading.tsx";
import { ItemTable } from "../parts/item-table.tsx";
import { Paged } from "../parts/paged.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";
import { columnsOf } from "./columns.tsx";
import { type AuditFilter, FilterForm } from "./filter-form.tsx";

const PAGE_SIZE = 50;

/** The audit trail of all services, newest first. */
export function AuditTrail() {
  const calls = useAdminCalls();
  const [filter, setFilter] = useState<AuditFilter>({});
  const key = JSON.stringify(filter);
  return (
    <>
      <div class="head">
        <Heading title="Audit trail" />
      </div>
      <FilterForm key={`form ${key}`} filter={filter} onChange={setFilter} />
      <Paged
        key={key}
        name="the audit trail"
        load={(pageToken, signal) =>
          calls.call(listAuditEvents, { ...filter, pageSize: PAGE_SIZE, pageToken }, { signal })
        }
      >
        {({ auditEvents }) => (
          <ItemTable
            name="Audit trail"
            items={auditEvents}
            columns={columnsOf((part) => setFilter({ ...filter, ...part }))}
            empty="No entry matches the filter."
          />
        )}
      </Paged>
    </>
  );
}
