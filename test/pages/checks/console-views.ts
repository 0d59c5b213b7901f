// Each view of the console in light, in dark, and on a phone: axe finds nothing, and nobody scrolls sideways.
import type { Page } from "puppeteer-core";
import { CONSOLE, readyAdmin, signInAt } from "./admin.ts";
import { expectAccessible } from "./axe.ts";
import { DESKTOP, expectNoOverflow, open, show, VIEWS, withBrowser } from "./browser.ts";

await withBrowser(async (browser) => {
  const page = await open(browser, CONSOLE);
  await checkIn(page, "the sign-in");
  await signInAt(page, await readyAdmin());
  for (const link of await page.$$("nav a")) {
    const title = await link.evaluate(({ textContent }) => textContent ?? "");
    await link.click();
    await untilLoaded(page, title);
    await checkIn(page, title);
  }
});

async function checkIn(page: Page, name: string): Promise<void> {
  for (const view of VIEWS) {
    await show(page, view);
    await expectAccessible(page, `${name} (${view.name})`);
    await expectNoOverflow(page, `${name} (${view.name})`);
  }
  await show(page, DESKTOP);
}

/** Waits until a view shows its content. */
async function untilLoaded(page: Page, title: string): Promise<void> {
  await page.waitForFunction((name) => document.querySelector("h1")?.textContent === name, {}, title);
  await page.waitForSelector(".loaded");
  await page.$$eval("details", (all) => {
    for (const details of all) details.open = true;
  });
}
