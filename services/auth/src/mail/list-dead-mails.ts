import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  DeadMail,
  ListDeadMailsRequest,
  ListDeadMailsResponse,
} from "@medconnect/proto/medconnect/auth/v1/mail_service.ts";
import type { Auth } from "../app.ts";
import { accessTo } from "./mail.ts";
import { listDead, type WaitingMail } from "./mail-store.ts";

/** MailService.ListDeadMails. Shows neither addresses nor contents. Throws INVALID_PAGE_TOKEN. */
export async function listDeadMails(
  app: Auth,
  request: ListDeadMailsRequest,
  call: Call,
): Promise<ListDeadMailsResponse> {
  const page = app.pages.open(request, "dead mails");
  const found = await listDead(app.db, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (mail) => [mail.availableTime, mail.id]);
  await app.audit.record(call, rows.map(accessTo));
  return { deadMails: rows.map(toDeadMail), nextPageToken };
}

const toDeadMail = (mail: WaitingMail): DeadMail => ({
  id: mail.id,
  userId: mail.userId,
  template: mail.template,
  createTime: mail.createTime,
  failTime: mail.availableTime,
  expireTime: mail.expireTime,
  tries: mail.tries,
  reason: mail.lastError ?? "",
});
