// Pictures of the pages for docs/images.
import { join } from "node:path";
import { DOCS, ERRORS, open, VIEWS, withBrowser } from "./browser.ts";

const { IMAGES = "" } = process.env;
const PAGES = { docs: `${DOCS}#tag/book/POST/v1/bookings`, errors: `${ERRORS}#SLOT_UNAVAILABLE` };

await withBrowser(async (browser) => {
  for (const [name, url] of Object.entries(PAGES)) {
    for (const view of VIEWS) {
      const page = await open(browser, url, view);
      const path = join(IMAGES, `${name}-${view.name}.webp`) as `${string}.webp`;
      await page.screenshot({ path, type: "webp", quality: 80 });
      await page.close();
    }
  }
});
