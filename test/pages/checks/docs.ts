// A newcomer's first minutes at /docs: look, search, sign in, book.
import type { Page } from "puppeteer-core";
import {
  DESKTOP,
  DOCS,
  ERRORS,
  expectEqual,
  expectNoOverflow,
  GUIDES,
  open,
  openSearch,
  press,
  signIn,
  VIEWS,
  watch,
  withBrowser,
} from "./browser.ts";

const BOOKING = `${DOCS}#tag/book/POST/v1/bookings`;

await withBrowser(async (browser) => {
  const unscripted = await browser.newPage();
  await unscripted.setJavaScriptEnabled(false);
  await unscripted.goto(DOCS, { waitUntil: "load" });
  const introduction = await unscripted.$("#introduction");
  expectEqual("the introduction is visible before any script has run", await introduction?.isVisible(), true);
  await unscripted.close();

  const page = await browser.newPage();
  const { problems, origins } = watch(page);
  await page.setViewport({ width: DESKTOP.width, height: 900 });
  await page.goto(new URL("/", DOCS).href, { waitUntil: "networkidle0" });
  expectEqual("/ leads to the documentation", new URL(page.url()).pathname, new URL(DOCS).pathname);

  expectEqual("Scalar waits for the reader", await page.$("main.references-rendered"), null);
  await page.click("#search");
  await page.waitForSelector('[role="dialog"] [role="combobox"]');
  await page.keyboard.press("Escape");
  const start = await open(browser, DOCS);
  await start.click('#introduction a[href="/docs/#tag/book"]');
  await start.waitForSelector('[id*="tag/book/POST"]');
  await start.close();
  expectEqual("Scalar takes the place of the introduction", await page.$("#introduction"), null);

  const found = await search(page, "prescribe");
  expectEqual(
    "a search for prescribe finds the task",
    found.some((text) => /prescri/i.test(text)),
    true,
  );
  const refusing = await search(page, "PATIENT_OVERLAP");
  expectEqual(
    "a search for a reason finds an operation",
    refusing.some((text) => /Books a slot/.test(text)),
    true,
  );

  await page.goto(BOOKING, { waitUntil: "networkidle0" });
  await page.reload({ waitUntil: "networkidle0" });
  await page.waitForFunction(() => /Idempotency-Key: [0-9a-f-]{36}/.test(document.body.textContent ?? ""));
  await signIn(page);
  await press(page, /Test Request.*POST.*\/v1\/bookings\b(?!\/)/i);
  expectEqual("a booking by the page", await send(page), 201);
  expectEqual("problems in the console", problems, []);
  expectEqual("the same again, with an Idempotency-Key of its own", await send(page), 409);
  expectEqual("origins that the page calls", [...origins], [new URL(DOCS).origin]);

  for (const url of [DOCS, ERRORS, GUIDES]) {
    for (const view of VIEWS) {
      const shown = await open(browser, url, view);
      await expectNoOverflow(shown, `${new URL(url).pathname} (${view.name})`);
      await shown.close();
    }
  }
});

/** Sends the request that is open. @returns the status of the answer */
async function send(page: Page): Promise<number> {
  const answered = page.waitForResponse(
    (response) =>
      new URL(response.url()).pathname === "/v1/bookings" && response.request().method() === "POST",
  );
  await press(page, /^Send/);
  return (await answered).status();
}

/** Searches, and closes the search. @returns what it found */
async function search(page: Page, text: string): Promise<string[]> {
  await openSearch(page, text);
  await page.waitForSelector('[role="option"]');
  const found = await page.$$eval('[role="option"]', (options) =>
    options.map((option) => option.textContent ?? ""),
  );
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector('[role="option"]'));
  return found;
}
