// An admin at /console: signs in with a second factor, looks at the figures, and signs out.
import type { Page } from "puppeteer-core";
import { CONSOLE, fill, readyAdmin, signInAt, untilHeading } from "./admin.ts";
import { expectEqual, open, press, watch, withBrowser } from "./browser.ts";

await withBrowser(async (browser) => {
  const admin = await readyAdmin();
  const page = await open(browser, CONSOLE);
  const { problems, origins } = watch(page);
  await signInAt(page, admin);
  await untilHeading(page, "Registrations");
  expectEqual("plots without a line", await emptyPlots(page), []);
  expectEqual("registrations of today by the table", (await todayIn(page, "Registrations")) > 0, true);

  expectEqual("the order of the keyboard", await focusOrder(page, 10), [
    "Skip to the content",
    "Figures",
    "Licences",
    "Audit trail",
    "Dead letters",
    "Sign out",
    "30 days",
    "Values of Bookings by day",
    "Values of Care by day",
    "Values of Registrations by day",
  ]);
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  expectEqual("tokens that outlive the page", kept, [0, 0, ""]);
  await press(page, /^Sign out/);
  await untilHeading(page, "Sign in");
  expectEqual("problems in the console", problems, []);
  expectEqual("origins that the page calls", [...origins], [new URL(CONSOLE).origin]);

  await fill(page, { email: admin.email, password: `${admin.password}?` });
  const problem = await page.waitForSelector('[role="alert"] a');
  expectEqual(
    "the reason that a wrong password shows",
    await problem?.evaluate(({ textContent }) => textContent),
    "INVALID_CREDENTIALS",
  );
});

/** Titles of the plots whose canvas is blank. */
function emptyPlots(page: Page): Promise<string[]> {
  return page.$$eval(".plot", (plots) =>
    plots
      .filter((plot) => {
        const canvas = plot.querySelector("canvas");
        const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
        return !pixels?.some((value) => value > 0);
      })
      .map((plot) => plot.querySelector("h2")?.textContent ?? ""),
  );
}

/** Sum of the first row in the table of a plot, which is that of today. */
function todayIn(page: Page, title: string): Promise<number> {
  return page.$eval(`[aria-label="Values of ${title}"] tbody tr`, (row) =>
    [...row.querySelectorAll("td")].reduce((sum, { textContent }) => sum + Number(textContent), 0),
  );
}

/** Names of the first elements of the page that Tab reaches. */
async function focusOrder(page: Page, count: number): Promise<string[]> {
  const names: string[] = [];
  await page.focus(".skip");
  while (names.length < count) {
    const name = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.closest("label")?.textContent ?? element.textContent ?? "";
    });
    names.push(name.replace(/\s+/g, " ").trim());
    await page.keyboard.press("Tab");
  }
  return names;
}
