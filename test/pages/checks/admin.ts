import { MedConnect } from "@medconnect/client";
import { Authenticator } from "@medconnect/test/support/authenticator.ts";
import type { Page } from "puppeteer-core";

const { API_URL = "", ADMIN_EMAIL = "", ADMIN_PASSWORD = "" } = process.env;
export const CONSOLE = `${API_URL}/console`;

/** An admin with an authenticator app. */
export interface Admin {
  email: string;
  password: string;
  client: MedConnect;
  authenticator: Authenticator;
  recoveryCodes: string[];
}

/** Sets up the authenticator app of the admin whom the run has created for this check. */
export async function readyAdmin(): Promise<Admin> {
  const credentials = { email: ADMIN_EMAIL, password: ADMIN_PASSWORD };
  const client = new MedConnect({ baseUrl: API_URL });
  await client.login(credentials);
  const authenticator = new Authenticator((await client.setUpTotp({})).secret);
  const { recoveryCodes } = await client.activateTotp({ code: authenticator.next() });
  return { ...credentials, client, authenticator, recoveryCodes };
}

/** Signs in at a page of the console with password and code. */
export async function signInAt(page: Page, { email, password, authenticator }: Admin): Promise<void> {
  await fill(page, { email, password });
  await fill(page, { code: authenticator.next() });
  await page.waitForSelector("nav");
}

/** Fills in the fields of the form that is shown, and sends it. */
export async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(fields)) {
    const field = await page.waitForSelector(`[name="${name}"]`);
    await field?.type(text);
  }
  await page.keyboard.press("Enter");
}

/** Waits until the page shows a heading. */
export const untilHeading = (page: Page, text: string) =>
  page.waitForFunction(
    (title) => [...document.querySelectorAll("h1, h2")].some(({ textContent }) => textContent === title),
    {},
    text,
  );
