// axe finds nothing on the documentation, in light, in dark, and on a phone.
import { expectAccessible } from "./axe.ts";
import { DOCS, ERRORS, GUIDES, open, VIEWS, withBrowser } from "./browser.ts";

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
  for (const url of PAGES) {
    for (const view of VIEWS) {
      const page = await open(browser, url, view);
      await expectAccessible(page, `${url.slice(new URL(url).origin.length)} (${view.name})`);
      await page.close();
    }
  }
});
