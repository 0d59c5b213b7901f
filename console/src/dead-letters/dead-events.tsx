import {
  type DeadEvent,
  type ListDeadEventsRequest,
  listDeadEvents,
  replayDeadEvent,
} from "@medconnect/client";
import { type Column, ItemTable } from "../parts/item-table.tsx";
import { Paged } from "../parts/paged.tsx";
import { ShortId } from "../parts/short-id.tsx";
import { Time } from "../parts/time.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";
import { SendAgain } from "./send-again.tsx";
import { useResend } from "./use-resend.tsx";

/** Service that has recorded the events. */
export type Service = ListDeadEventsRequest["service"];

/** Dead events of one service. */
export function DeadEvents({ service }: { service: Service }) {
  const calls = useAdminCalls();
  const resend = useResend();
  const name = `Events of ${service}`;
  const replay = (event: DeadEvent, reload: () => void) =>
    resend.send(`The event ${event.type} is on its way again.`, async () => {
      await calls.call(replayDeadEvent, { service, eventId: event.id });
      reload();
    });
  return (
    <section class="letters">
      <h2>{name}</h2>
      {resend.outcome}
      <Paged
        name={name}
        load={(pageToken, signal) => calls.call(listDeadEvents, { service, pageToken }, { signal })}
      >
        {({ deadEvents }, reload) => (
          <ItemTable
            name={name}
            items={deadEvents}
            columns={[...COLUMNS, actionOf((event) => replay(event, reload))]}
            empty="None."
          />
        )}
      </Paged>
    </section>
  );
}

const COLUMNS: readonly Column<DeadEvent>[] = [
  { title: "Failed", cell: ({ failTime }) => <Time at={failTime} /> },
  { title: "Event", cell: ({ type }) => <b>{type}</b> },
  { title: "About", cell: ({ aggregateId }) => <ShortId id={aggregateId} /> },
  { title: "Receiver", cell: ({ destination }) => destination },
  { title: "Tries", cell: ({ tries }) => tries },
  { title: "Reason", cell: ({ reason }) => <code>{reason}</code> },
];

const actionOf = (replay: (event: DeadEvent) => Promise<void>): Column<DeadEvent> => ({
  title: "Action",
  cell: (event) =>
    event.replayable ? (
      <SendAgain what={event.type} onSend={() => replay(event)} />
    ) : (
      <small class="hint">
        Not written by the service. An operator decides by <code>npm run outbox</code>.
      </small>
    ),
});
