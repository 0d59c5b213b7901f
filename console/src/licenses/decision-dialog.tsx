import { type License, rejectLicense, verifyLicense } from "@medconnect/client";
import { Dialog } from "../parts/dialog.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { TextArea } from "../parts/text-area.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";

export interface Decision {
  license: License;
  /** True to verify the licence, false to reject it. */
  verifies: boolean;
}

export interface DecisionDialogProps {
  decision: Decision;
  onClose(): void;
  /** @param done the decision in words */
  onDecided(done: string): void;
}

/** Asks for the decision on a licence. */
export function DecisionDialog({ decision: { license, verifies }, onClose, onDecided }: DecisionDialogProps) {
  const calls = useAdminCalls();
  const { id: licenseId, number, doctorName = "" } = license;
  const verify = async () => {
    await calls.call(verifyLicense, { licenseId, doctorName });
    onDecided(`Licence ${number} of ${doctorName} is verified.`);
  };
  const reject = async (data: FormData) => {
    await calls.call(rejectLicense, { licenseId, reason: textOf(data, "reason") });
    onDecided(`Licence ${number} of ${doctorName} is rejected.`);
  };
  return (
    <Dialog title={verifies ? "Verify the licence" : "Reject the licence"} onClose={onClose}>
      <Facts license={license} />
      {verifies ? (
        <Form submit="Verify" onSubmit={verify}>
          <p>Compare name, number and last day with the register of the region first.</p>
        </Form>
      ) : (
        <Form submit="Reject" danger onSubmit={reject}>
          <TextArea label="Reason" name="reason" maxLength={500} hint="The doctor can read it." />
        </Form>
      )}
    </Dialog>
  );
}

const Facts = ({ license: { doctorName, number, region, expireDate } }: { license: License }) => (
  <dl class="facts">
    <dt>Doctor</dt>
    <dd>{doctorName}</dd>
    <dt>Number</dt>
    <dd>
      <code>{number}</code>
    </dd>
    <dt>Region</dt>
    <dd>{region}</dd>
    <dt>Last day</dt>
    <dd>{expireDate || "unlimited"}</dd>
  </dl>
);
