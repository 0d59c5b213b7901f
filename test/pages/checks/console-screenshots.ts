// Pictures of the console for docs/images. The run has added figures of some weeks.
import { join } from "node:path";
import { CONSOLE, readyAdmin, signInAt, untilHeading } from "./admin.ts";
import { open, show, VIEWS, withBrowser } from "./browser.ts";

const { IMAGES = "" } = process.env;

await withBrowser(async (browser) => {
  const page = await open(browser, CONSOLE);
  await signInAt(page, await readyAdmin());
  await untilHeading(page, "Registrations");
  for (const view of VIEWS) {
    await show(page, view);
    await page.waitForNetworkIdle();
    const path = join(IMAGES, `console-${view.name}.webp`) as `${string}.webp`;
    await page.screenshot({ path, type: "webp", quality: 80 });
  }
});
