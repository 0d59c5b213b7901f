// The pages of traces: a search, a waterfall, its details by keyboard, accessibility, phones.
import type { Page } from "puppeteer-core";
import { expectAccessible } from "./axe.ts";
import { expectEqual, expectNoOverflow, open, VIEWS, watch, withBrowser } from "./browser.ts";
import { bookTwice, TRACES } from "./trace-pages.ts";

const { booked, refused } = await bookTwice();

await withBrowser(async (browser) => {
  const page = await open(browser, TRACES);
  const { problems, origins } = watch(page);
  await page.type("[name=route]", "bookings");
  await page.type("[name=status]", "409");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  expectEqual(
    "statuses that a search finds",
    [...new Set(await textsOf(page, "[data-title=Status]"))],
    ["409"],
  );
  await Promise.all([page.waitForNavigation(), page.click("tbody a")]);
  expectEqual("the trace that the list leads to", page.url(), refused);
  expectEqual("errors of the refused booking", await textsOf(page, "summary strong"), [
    "409",
    "SLOT_UNAVAILABLE",
    "SLOT_UNAVAILABLE",
  ]);
  const red = await page.$eval("summary:has(strong:not(:empty)) rect", (bar) => getComputedStyle(bar).fill);
  const [, r = 0, g = 0, b = 0] = (/(\d+), (\d+), (\d+)/.exec(red) ?? []).map(Number);
  expectEqual("the bar of an error is red", r > 2 * g && r > 2 * b, true);

  await page.goto(booked);
  expectEqual(
    "services of the booking",
    [...new Set(await textsOf(page, "summary b"))],
    ["gateway", "scheduling", "billing"],
  );
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const facts = await textsOf(page, "[open] dd");
  expectEqual("the keyboard opens the details of a span", facts.includes("/v1/bookings"), true);
  expectEqual("problems in the console", problems, []);
  expectEqual("origins that the pages call", [...origins], [new URL(TRACES).origin]);
  await page.close();

  for (const url of [TRACES, booked, refused, `${TRACES}unknown`]) {
    for (const view of VIEWS) {
      const shown = await open(browser, url, view);
      await shown.$$eval("details", (all) => {
        for (const details of all) details.open = true;
      });
      const name = `${new URL(url).pathname} (${view.name})`;
      await expectNoOverflow(shown, name);
      await expectAccessible(shown, name);
      await shown.close();
    }
  }
});

function textsOf(page: Page, selector: string): Promise<string[]> {
  return page.$$eval(selector, (elements) =>
    elements.map(({ textContent }) => textContent.trim()).filter(Boolean),
  );
}
