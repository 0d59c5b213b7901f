import puppeteer, { type Browser, type Page } from "puppeteer-core";

const { API_URL = "", CHROME_PATH = "" } = process.env;
export const DOCS = `${API_URL}/docs/`;
export const ERRORS = `${API_URL}/docs/errors`;
/** The list of guides. A guide is below it. */
export const GUIDES = `${API_URL}/docs/guides/`;

export const PATIENT = "patient@demo.medconnect.test";

export interface View {
  name: string;
  width: number;
  scheme: "light" | "dark";
}
export const DESKTOP: View = { name: "light", width: 1400, scheme: "light" };
export const PHONE: View = { name: "phone", width: 375, scheme: "light" };
export const VIEWS: View[] = [DESKTOP, { name: "dark", width: 1400, scheme: "dark" }, PHONE];

export async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await puppeteer.launch({
    executablePath: CHROME_PATH,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

/** Problems and requests of a page, from now on. */
export interface Watched {
  /** Errors and warnings of the browser's console, among them violations of the Content-Security-Policy. */
  problems: string[];
  /** Origins that the page has called. */
  origins: Set<string>;
}

export function watch(page: Page): Watched {
  const watched: Watched = { problems: [], origins: new Set() };
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) watched.origins.add(new URL(request.url()).origin);
  });
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) watched.problems.push(message.text());
  });
  page.on("pageerror", (error) => watched.problems.push(String(error)));
  return watched;
}

/** Throws if the reader of a page has to scroll sideways. */
export async function expectNoOverflow(page: Page, name: string): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expectEqual(`${name} is no wider than the screen`, overflow <= 0, true);
}

/** Opens a page, and waits until its content is there. */
export async function open(browser: Browser, url: string, view: View = DESKTOP): Promise<Page> {
  const page = await browser.newPage();
  await show(page, view);
  await page.goto(url, { waitUntil: "networkidle0" });
  await page.waitForSelector("h1");
  return page;
}

/** Gives a page the width and the scheme of a view. */
export async function show(page: Page, view: View): Promise<void> {
  await page.setViewport({ width: view.width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
}

/** Signs in to a demo account, and waits until the examples have ids that the account can read. */
export async function signIn(page: Page, email = PATIENT): Promise<void> {
  await page.select("#account", email);
  await page.waitForSelector("#reference[aria-busy=true]");
  await untilUpdated(page);
}

/** Waits until the examples have ids that the account can read now. */
export const untilUpdated = (page: Page) => page.waitForSelector("#reference[aria-busy=false]");

/** Presses the first visible button whose text or label matches. */
export async function press(page: Page, text: RegExp): Promise<void> {
  const handle = await page.waitForFunction(
    (source: string, flags: string) =>
      [...document.querySelectorAll("button")].find(
        (button) =>
          button.checkVisibility() &&
          new RegExp(source, flags).test(
            `${button.textContent?.trim()} ${button.getAttribute("aria-label") ?? ""}`.replace(/\s+/g, " "),
          ),
      ),
    {},
    text.source,
    text.flags,
  );
  await handle.asElement()?.evaluate((button) => (button as HTMLButtonElement).click());
}

/** Opens the search of /docs, and types a text. */
export async function openSearch(page: Page, text: string): Promise<void> {
  await page.keyboard.down("Control");
  await page.keyboard.press("k");
  await page.keyboard.up("Control");
  await page.waitForSelector('input[type="search"], [role="combobox"]');
  await page.keyboard.type(text);
}

/** Throws unless the two are equal as JSON. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`${what}: ${is}, expected ${wanted}`);
  process.stdout.write(`ok  ${what}\n`);
}
