import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
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

type Added = Map<string, AddendumRow[]>;
type Standing = Pick<ConsultationRow, "id" | "status">;

/** The addenda of consultations, by their ids. Those that are not completed have none, and are not asked for. */
export async function addendaOf(tx: Transaction, consultations: Standing[]): Promise<Added> {
  const completed = consultations.filter(isCompleted).map(({ id }) => id);
  if (completed.length === 0) return new Map();
  return Map.groupBy(await findAddenda(tx, completed), (row) => row.consultation_id);
}

/** As `addendaOf`, where no transaction is open. */
export async function readAddenda(db: Database, consultations: Standing[]): Promise<Added> {
  if (!consultations.some(isCompleted)) return new Map();
  return await db.transaction((tx) => addendaOf(tx, consultations));
}

const isCompleted = ({ status }: Standing): boolean => status === "COMPLETED";
