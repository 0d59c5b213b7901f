import { Heading } from "../parts/heading.tsx";
import { DeadEvents, type Service } from "./dead-events.tsx";
import { DeadMails } from "./dead-mails.tsx";

const SERVICES: readonly Service[] = ["auth", "scheduling", "clinical", "billing"];

/** Events and mails that could not be delivered, and wait for an admin. Their contents are not shown. */
export const DeadLetters = () => (
  <>
    <div class="head">
      <Heading title="Dead letters" />
    </div>
    <p>
      Messages that were refused too often. Mend the cause, then send them again. Their contents are not
      shown.
    </p>
    {SERVICES.map((service) => (
      <DeadEvents key={service} service={service} />
    ))}
    <DeadMails />
  </>
);
