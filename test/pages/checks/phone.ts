// On a phone: the bar, the dialog of a request, and the guides.
import {
  DOCS,
  expectEqual,
  expectNoOverflow,
  GUIDES,
  open,
  PATIENT,
  PHONE,
  press,
  withBrowser,
} from "./browser.ts";

const BOOKING = `${DOCS}#tag/book/POST/v1/bookings`;
/** Width of a select's arrow and padding. */
const ARROW_PX = 24;

await withBrowser(async (browser) => {
  const page = await open(browser, BOOKING, PHONE);
  await page.select("#account", PATIENT);
  const tooWide = await page.$eval(
    "#account",
    (element, email, arrow) => {
      const select = element as HTMLSelectElement;
      const context = document.createElement("canvas").getContext("2d");
      if (!context) throw new Error("no canvas");
      context.font = getComputedStyle(select).font;
      return context.measureText(email).width + arrow > select.offsetWidth;
    },
    PATIENT,
    ARROW_PX,
  );
  expectEqual("the bar is too narrow for the address of an account", tooWide, false);

  const shownInBar = () =>
    page.$$eval("body > nav > *", (parts) =>
      parts
        .filter((part) => part.checkVisibility({ visibilityProperty: true }))
        .map(({ tagName }) => tagName),
    );
  expectEqual("parts of the bar", await shownInBar(), ["A", "A", "A", "A", "A", "FORM"]);
  const rows = await page.$$eval(
    "body > nav > *",
    (parts) => new Set(parts.map((part) => Math.round(part.getBoundingClientRect().bottom / 10))).size,
  );
  expectEqual("rows of the bar", rows, 2);
  await press(page, /Test Request.*POST.*\/v1\/bookings\b(?!\/)/i);
  await page.waitForSelector("[role=dialog]");
  expectEqual("parts of the bar under the buttons of the dialog", await shownInBar(), []);
  await page.close();

  const start = await open(browser, DOCS, PHONE);
  await start.tap("#search");
  await start.waitForSelector('[role="dialog"] [role="combobox"]');
  await start.close();

  for (const name of ["book", "meet", "operate"]) {
    const guide = await open(browser, `${GUIDES}${name}`, PHONE);
    await expectNoOverflow(guide, `the guide ${name}`);
    await guide.close();
  }
});
