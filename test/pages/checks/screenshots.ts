// Pictures of the pages for docs/images.
import { join } from "node:path";
import { DOCS, ERRORS, open, VIEWS, withBrowser } from "./browser.ts";
import { bookingTrace } from "./trace-pages.ts";

const { IMAGES = "" } = process.env;
const PAGES = {
  docs: `${DOCS}#tag/book/POST/v1/bookings`,
  errors: `${ERRORS}#SLOT_UNAVAILABLE`,
  trace: await bookingTrace(),
};

await withBrowser(async (browser) => {
  for (const [name, url] of Object.entries(PAGES)) {
    for (const view of VIEWS) {
      const page = await open(browser, url, view);
      await page.$$eval("details", (all) => {
        for (const details of all) details.open = /^INSERT INTO bookings/m.test(details.textContent);
      });
      const path = join(IMAGES, `${name}-${view.name}.webp`) as `${string}.webp`;
      await page.screenshot({ path, type: "webp", quality: 80 });
      await page.close();
    }
  }
});
