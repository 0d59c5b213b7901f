// Links in mails lead to pages of the console that work for everybody. The run makes registrations need a confirmed
// address.
import { MedConnect } from "@medconnect/client";
import { readMails } from "@medconnect/dev/stack/mail-folder.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import type { Page } from "puppeteer-core";
import { CONSOLE, fill, untilHeading } from "./admin.ts";
import { expectAccessible } from "./axe.ts";
import { expectEqual, expectNoOverflow, open, PHONE, show, watch, withBrowser } from "./browser.ts";

const { API_URL = "", MAIL_FOLDER = "" } = process.env;
const PATIENT = {
  email: `patient-${crypto.randomUUID().slice(0, 8)}@example.org`,
  password: "seven amber lanterns drift",
};
const NEW_PASSWORD = "nine paper boats on a river";
const client = new MedConnect({ baseUrl: API_URL });

/** The link in a mail to the patient. @param path end of the path to which it leads */
async function linkTo(path: string): Promise<string> {
  const links = async () =>
    (await readMails(MAIL_FOLDER)).flatMap(({ to, link }) => (to === PATIENT.email ? (link ?? []) : []));
  const arrived = await eventually(links, (all) => all.some((link) => link.includes(path)));
  return arrived.find((link) => link.includes(path)) ?? "";
}

/** Checks the page of a link: nothing is left of its token in the address. */
async function checkPage(page: Page, name: string): Promise<void> {
  expectEqual(`${name}: the token in the address`, new URL(page.url()).hash, "");
  await expectAccessible(page, name);
  await show(page, PHONE);
  await expectNoOverflow(page, name);
}

await withBrowser(async (browser) => {
  await client.register({ ...PATIENT, fullName: "Pia Patient", role: "PATIENT" });
  const verifying = await open(browser, await linkTo("/console/verify-email"));
  const { problems } = watch(verifying);
  await checkPage(verifying, "the page that confirms an address");
  await fill(verifying, { password: PATIENT.password });
  await untilHeading(verifying, "Your account exists");
  expectEqual("a login after it", "tokens" in (await client.login(PATIENT)), true);

  const asking = await open(browser, `${CONSOLE}/forgot-password`);
  await checkPage(asking, "the page of a forgotten password");
  await fill(asking, { email: PATIENT.email });
  await untilHeading(asking, "Look into your mails");

  const resetting = await open(browser, await linkTo("/console/reset-password"));
  await checkPage(resetting, "the page that sets a password");
  await fill(resetting, { password: NEW_PASSWORD });
  await untilHeading(resetting, "Your password is set");
  const login = await client.login({ ...PATIENT, password: NEW_PASSWORD });
  expectEqual("a login with the new password", "tokens" in login, true);
  expectEqual("problems in the console", problems, []);

  const problem = await (await open(browser, `${CONSOLE}/reset-password`)).waitForSelector(".problem");
  const text = await problem?.evaluate(({ textContent }) => textContent ?? "");
  expectEqual("an address without its token", text?.startsWith("This address is incomplete"), true);
});
