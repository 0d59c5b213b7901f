// axe finds nothing on the documentation, in light, in dark, and on a phone: on its pages, in the dialog of a request,
// and in the search.
import type { Browser } from "puppeteer-core";
import { expectAccessible } from "./axe.ts";
import {
  DOCS,
  ERRORS,
  expectEqual,
  GUIDES,
  open,
  openSearch,
  press,
  signIn,
  VIEWS,
  type View,
  withBrowser,
} from "./browser.ts";

const PAGES = [
  DOCS,
  `${DOCS}#tag/meet`,
  `${DOCS}#tag/book/POST/v1/bookings`,
  ERRORS,
  GUIDES,
  `${GUIDES}sign-in`,
  `${GUIDES}conventions`,
];

await withBrowser(async (browser) => {
  for (const view of VIEWS) {
    for (const url of PAGES) {
      const page = await open(browser, url, view);
      await expectAccessible(page, `${url.slice(new URL(url).origin.length)} (${view.name})`);
      await page.close();
    }
    await checkOpened(browser, view);
  }
});

/** Checks the dialog of a request before and after it is sent, and the search. */
async function checkOpened(browser: Browser, view: View): Promise<void> {
  const page = await open(browser, `${DOCS}#tag/sign-in/PATCH/v1/users/me`, view);
  await signIn(page);
  await press(page, /Test Request ?\(patch \/v1\/users\/me\)/);
  await page.waitForSelector("[role=dialog] .cm-content");
  await expectAccessible(page, `the dialog of a request (${view.name})`);
  const answered = page.waitForResponse((answer) => answer.request().method() === "PATCH");
  await press(page, /^Send/);
  expectEqual("a request", (await answered).status(), 200);
  await page.waitForFunction(() => document.querySelectorAll("[role=dialog] .cm-content").length > 1);
  await page.waitForNetworkIdle();
  for (const section of [/^Authentication/, /^Code Snippet/]) await press(page, section);
  await expectAccessible(page, `the dialog with an answer (${view.name})`);
  await press(page, /^Form/);
  await expectAccessible(page, `the dialog with a form (${view.name})`);
  await press(page, /^Close Client/);
  await openSearch(page, "book");
  await page.waitForSelector('[role="option"]');
  await expectAccessible(page, `the search (${view.name})`);
  await page.close();
}
