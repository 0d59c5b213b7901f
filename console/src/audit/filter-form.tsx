import type { ListAuditEventsRequest } from "@medconnect/client";
import { useId } from "preact/hooks";
import { Field } from "../parts/field.tsx";
import { Form, textOf } from "../parts/form.tsx";

export type AuditFilter = Omit<ListAuditEventsRequest, "pageSize" | "pageToken">;

export interface FilterFormProps {
  filter: AuditFilter;
  onChange(filter: AuditFilter): void;
}

/** Narrows the audit trail. Empty fields narrow nothing. */
export function FilterForm({ filter, onChange }: FilterFormProps) {
  const apply = async (data: FormData) => onChange(filterIn(data));
  return (
    <Form
      submit="Apply"
      onSubmit={apply}
      actions={
        <button type="reset" onClick={() => onChange({})}>
          Clear
        </button>
      }
    >
      <div class="filters">
        <Field label="Action" name="action" value={filter.action} placeholder="booking.create" optional />
        <Field label="Actor" name="actorId" value={filter.actorId} placeholder="user id" optional />
        <Field label="About" name="subjectId" value={filter.subjectId} placeholder="user id" optional />
        <ServiceField value={filter.service} />
        <Field
          label="From"
          name="startTime"
          type="datetime-local"
          value={localOf(filter.startTime)}
          optional
        />
        <Field label="Before" name="endTime" type="datetime-local" value={localOf(filter.endTime)} optional />
      </div>
    </Form>
  );
}

function ServiceField({ value = "" }: { value: string | undefined }) {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>Service</label>
      <select id={id} name="service" value={value}>
        <option value="">all</option>
        {["auth", "scheduling", "clinical", "billing"].map((service) => (
          <option key={service}>{service}</option>
        ))}
      </select>
    </p>
  );
}

function filterIn(data: FormData): AuditFilter {
  const texts = ["action", "actorId", "subjectId", "service"].map((name) => [name, textOf(data, name)]);
  const times = ["startTime", "endTime"].map((name) => [name, isoOf(textOf(data, name))]);
  return Object.fromEntries([...texts, ...times].filter(([, value]) => value !== ""));
}

/** Time of a field, which is in the reader's zone, in UTC. */
const isoOf = (local: string): string => (local === "" ? "" : new Date(local).toISOString());

/** A time as the text of its field, in the reader's zone. */
function localOf(time: string | Date | undefined): string {
  if (time === undefined) return "";
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
