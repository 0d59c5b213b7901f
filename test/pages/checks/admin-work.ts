// The daily work of an admin at /console: decides on licences, searches the audit trail, and sends a dead event again.
// The run has put a dead event into billing, and makes billing ask for a sign-in that is seconds old.
import { MedConnect } from "@medconnect/client";
import type { Page } from "puppeteer-core";
import { CONSOLE, fill, readyAdmin, signInAt, untilHeading } from "./admin.ts";
import { expectAccessible } from "./axe.ts";
import { expectEqual, open, press, watch, withBrowser } from "./browser.ts";

const { API_URL = "", ADMIN_PASSWORD = "", REAUTHENTICATION_AGE_MS = "" } = process.env;
const DOCTOR = "Nora Newcomer";

/** Registers a doctor who claims a licence. @returns its number */
async function claimLicense(): Promise<string> {
  const tag = crypto.randomUUID().slice(0, 8).toUpperCase();
  const doctor = new MedConnect({ baseUrl: API_URL });
  const credentials = { email: `doctor-${tag}@example.org`, password: ADMIN_PASSWORD };
  await doctor.register({ ...credentials, fullName: DOCTOR, role: "DOCTOR" });
  await doctor.login(credentials);
  const licenseNumber = `T-${tag}`;
  await doctor.createDoctor({ licenseNumber, licenseRegion: "US-CA", specialty: "Cardiology" });
  return licenseNumber;
}

await withBrowser(async (browser) => {
  const [good, bad] = [await claimLicense(), await claimLicense()];
  const admin = await readyAdmin();
  const page = await open(browser, `${CONSOLE}/licenses`);
  const { problems, origins } = watch(page);
  await signInAt(page, admin);
  const signedInMs = Date.now();

  await press(page, new RegExp(`^Verify licence ${good}`));
  await untilHeading(page, "Verify the licence");
  await press(page, /^Verify $/);
  expectEqual("a verification", await untilDone(page), `Licence ${good} of ${DOCTOR} is verified.`);
  await press(page, new RegExp(`^Reject licence ${bad}`));
  await fill(page, { reason: "The number is not in the register." });
  await press(page, /^Reject $/);
  expectEqual("a rejection", await untilDone(page, bad), `Licence ${bad} of ${DOCTOR} is rejected.`);
  await page.click(".choice label:last-child");
  await press(page, new RegExp(`^Revoke licence ${good}`));
  await untilHeading(page, "Revoke the licence");
  await fill(page, { reason: "The board suspended it." });
  await page.click("[name=stopPrescriptions]");
  await expectAccessible(page, "the revocation of a licence");
  await press(page, /^Revoke $/);
  expectEqual("a revocation", await untilDone(page, good), `Licence ${good} of ${DOCTOR} is revoked.`);

  await follow(page, "Audit trail");
  await fill(page, { action: "license.verify" });
  await page.waitForFunction(() => document.querySelectorAll("tbody b").length > 0);
  await page.waitForFunction(() =>
    [...document.querySelectorAll("tbody b")].every(({ textContent }) => textContent === "license.verify"),
  );
  const [actor] = await page.$$eval(".id", (ids) => ids.map((id) => (id as HTMLElement).title.slice(0, 36)));
  expectEqual("the actor of the last verification", actor, (await admin.client.getMe()).id);
  const trace = await page.$eval('[data-title="Trace"] a', (link) => (link as HTMLAnchorElement).href);
  expectEqual("a link to a trace", /^https:\/\/traces\.example\.org\/[0-9a-f]{32}$/.test(trace), true);
  await press(page, /^Clear/);
  await press(page, /^Next/);
  await page.waitForFunction(() => document.querySelector(".pager")?.textContent?.includes("Page 2"));

  await follow(page, "Dead letters");
  await page.waitForFunction((ageMs) => Date.now() > ageMs, {}, signedInMs + Number(REAUTHENTICATION_AGE_MS));
  await press(page, /^Send again payment\.cancelled/);
  await untilHeading(page, "Sign in again");
  await fill(page, { password: admin.password });
  await press(page, /^Use a recovery code/);
  await fill(page, { code: admin.recoveryCodes[0] ?? "" });
  expectEqual(
    "a replay after a fresh sign-in",
    await untilDone(page),
    "The event payment.cancelled is on its way again.",
  );
  expectEqual(
    "problems in the console",
    problems.filter((text) => !text.includes("status of 403")),
    [],
  );
  expectEqual("origins that the page calls", [...origins], [new URL(CONSOLE).origin]);
});

/** Waits until the page tells of a success. @param word part of the text */
async function untilDone(page: Page, word = ""): Promise<string> {
  const handle = await page.waitForFunction(
    (part) =>
      [...document.querySelectorAll(".done")]
        .map(({ textContent }) => textContent ?? "")
        .find((text) => text !== "" && text.includes(part)),
    {},
    word,
  );
  return String(await handle.jsonValue());
}

async function follow(page: Page, title: string): Promise<void> {
  await page.$$eval(
    "nav a",
    (links, name) => {
      links.find(({ textContent }) => textContent === name)?.click();
    },
    title,
  );
  await untilHeading(page, title);
}
