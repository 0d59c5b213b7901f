import { useState } from "preact/hooks";

export interface SendAgainProps {
  /** Name of the message, for screen readers. */
  what: string;
  onSend(): Promise<void>;
}

/** A button that sends a message again. */
export function SendAgain({ what, onSend }: SendAgainProps) {
  const [isBusy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    await onSend();
    setBusy(false);
  };
  return (
    <button type="button" disabled={isBusy} onClick={send}>
      {isBusy ? "Sending …" : "Send again"} <span class="unseen">{what}</span>
    </button>
  );
}
