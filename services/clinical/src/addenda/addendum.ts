import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Addendum } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { ConsultationRow } from "../consultations/consultation-store.ts";
import { type AddendumRow, findAddenda } from "./addendum-store.ts";

/** Where an addendum's sealed text lies. */
export const textPlace = (id: string): string => `addenda.text:${id}`;

export const toAddendum = (row: AddendumRow, box: SealedBox): Addendum => ({
  id: row.id,
  consultationId: row.consultation_id,
  text: box.open(textPlace(row.id), row.text).toString(),
  createTime: row.create_time,
});

/** The addenda of a consultation, oldest first. One that is not completed has none, so no query runs. */
export const addendaOf = async (
  tx: Pick<Transaction, "read">,
  { id, status }: Pick<ConsultationRow, "id" | "status">,
): Promise<AddendumRow[]> => (status === "COMPLETED" ? await findAddenda(tx, id) : []);
