import { type License, rejectLicense, revokeLicense, verifyLicense } from "@medconnect/client";
import { Dialog } from "../parts/dialog.tsx";
import { Form, textOf } from "../parts/form.tsx";
import { TextArea } from "../parts/text-area.tsx";
import { useAdminCalls } from "../session/admin-calls.ts";

export interface Decision {
  license: License;
  kind: "verify" | "reject" | "revoke";
}

const TITLES = {
  verify: "Verify the licence",
  reject: "Reject the licence",
  revoke: "Revoke the licence",
} as const;

export interface DecisionDialogProps {
  decision: Decision;
  onClose(): void;
  /** @param done the decision in words */
  onDecided(done: string): void;
}

/** Asks for the decision on a licence. */
export function DecisionDialog({ decision: { license, kind }, onClose, onDecided }: DecisionDialogProps) {
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
  const revoke = async (data: FormData) => {
    const stopPrescriptions = data.has("stopPrescriptions");
    await calls.call(revokeLicense, { licenseId, reason: textOf(data, "reason"), stopPrescriptions });
    onDecided(`Licence ${number} of ${doctorName} is revoked.`);
  };
  return (
    <Dialog title={TITLES[kind]} onClose={onClose}>
      <Facts license={license} />
      {kind === "verify" && (
        <Form submit="Verify" onSubmit={verify}>
          <p>Compare name, number and last day with the register of the region first.</p>
        </Form>
      )}
      {kind === "reject" && (
        <Form submit="Reject" danger onSubmit={reject}>
          <TextArea label="Reason" name="reason" maxLength={500} hint="The doctor can read it." />
        </Form>
      )}
      {kind === "revoke" && (
        <Form submit="Revoke" danger onSubmit={revoke}>
          <TextArea label="Reason" name="reason" maxLength={500} hint="The doctor can read it." />
          <p class="field">
            <label>
              <input type="checkbox" name="stopPrescriptions" /> Stop all active prescriptions of the doctor
            </label>
          </p>
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
