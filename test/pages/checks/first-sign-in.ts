// The first sign-in of an admin: sets up the second factor at /console. The run makes the role need one, and makes
// tokens live for seconds.
import { Authenticator } from "@medconnect/test/support/authenticator.ts";
import { CONSOLE, fill, untilHeading } from "./admin.ts";
import { expectEqual, open, press, watch, withBrowser } from "./browser.ts";

const { ADMIN_EMAIL = "", ADMIN_PASSWORD = "" } = process.env;

await withBrowser(async (browser) => {
  const page = await open(browser, CONSOLE);
  const { problems } = watch(page);
  await fill(page, { email: ADMIN_EMAIL, password: ADMIN_PASSWORD });
  const qrCode = await page.waitForSelector(".secret img");
  expectEqual(
    "the QR code is shown",
    await qrCode?.evaluate((image) => (image as HTMLImageElement).naturalWidth > 0),
    true,
  );
  const secret = await page.$eval(".secret code", ({ textContent }) => textContent ?? "");
  await fill(page, { code: new Authenticator(secret).next() });
  await page.waitForSelector(".codes");
  const codes = await page.$$eval(".codes code", (all) => all.map(({ textContent }) => textContent ?? ""));
  expectEqual("recovery codes", codes.length, 10);
  await press(page, /^I have kept the codes/);
  await untilHeading(page, "Registrations");

  // The set-up itself renews the tokens once. Later calls renew them before they expire.
  await page.waitForFunction(
    () => {
      document.querySelector<HTMLElement>('[name="period"]:not(:checked)')?.click();
      const calls = performance.getEntriesByType("resource").map(({ name }) => name);
      return calls.filter((name) => name.endsWith("/v1/auth/token:refresh")).length > 1;
    },
    { polling: 500 },
  );
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  expectEqual("problems in the console", problems, []);
});
