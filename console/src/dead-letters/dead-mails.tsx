import { type DeadMail, listDeadMails, retryDeadMail } from "@medconnect/client";
import { type Column, ItemTable } from "../parts/item-table.tsx";
import { Paged } from "../parts/paged.tsx";
import { ShortId } from "../parts/short-id.tsx";
import { Time } from "../parts/time.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";
import { SendAgain } from "./send-again.tsx";
import { useResend } from "./use-resend.tsx";

/** Mails that the mail server refused for good. */
export function DeadMails() {
  const calls = useAdminCalls();
  const resend = useResend();
  const retry = (mail: DeadMail, reload: () => void) =>
    resend.send(`The mail ${mail.template} is on its way again.`, async () => {
      await calls.call(retryDeadMail, { mailId: mail.id });
      reload();
    });
  return (
    <section class="letters">
      <h2>Mails</h2>
      {resend.outcome}
      <Paged name="Mails" load={(pageToken, signal) => calls.call(listDeadMails, { pageToken }, { signal })}>
        {({ deadMails }, reload) => (
          <ItemTable
            name="Mails"
            items={deadMails}
            columns={[...COLUMNS, actionOf((mail) => retry(mail, reload))]}
            empty="None."
          />
        )}
      </Paged>
    </section>
  );
}

const COLUMNS: readonly Column<DeadMail>[] = [
  { title: "Failed", cell: ({ failTime }) => <Time at={failTime} /> },
  { title: "Mail", cell: ({ template }) => <b>{template}</b> },
  { title: "To user", cell: ({ userId }) => <ShortId id={userId} /> },
  { title: "Deleted at", cell: ({ expireTime }) => <Time at={expireTime} /> },
  { title: "Tries", cell: ({ tries }) => tries },
  { title: "Reason", cell: ({ reason }) => <code>{reason}</code> },
];

const actionOf = (retry: (mail: DeadMail) => Promise<void>): Column<DeadMail> => ({
  title: "Action",
  cell: (mail) => <SendAgain what={mail.template} onSend={() => retry(mail)} />,
});
