// The token of a demo account is renewed before it expires, and the reader's input stays. The run makes tokens
// live for seconds.
import { DOCS, expectEqual, open, press, signIn, withBrowser } from "./browser.ts";

const INPUT = '{"slotId": "typed", "reason": "typed"}';

await withBrowser(async (browser) => {
  const page = await open(browser, `${DOCS}#tag/book/POST/v1/bookings`);
  const answered = (path: string) =>
    page.waitForResponse(
      (answer) => new URL(answer.url()).pathname === path && answer.request().method() === "POST",
    );

  const login = answered("/v1/auth/login");
  await signIn(page);
  const { tokens } = (await (await login).json()) as { tokens: { accessToken: string } };
  await press(page, /Test Request.*POST.*\/v1\/bookings\b(?!\/)/i);
  const body = await page.waitForFunction(() =>
    [...document.querySelectorAll("[role=dialog] .cm-content")].find((editor) =>
      editor.textContent?.includes("slotId"),
    ),
  );
  await body.asElement()?.evaluate((editor) => (editor as HTMLElement).focus());
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.sendCharacter(INPUT);

  await answered("/v1/auth/token/refresh");
  await page.waitForFunction(
    async (authorization) => (await fetch("/v1/users/me", { headers: { authorization } })).status === 401,
    { polling: 500 },
    `Bearer ${tokens.accessToken}`,
  );
  const sent = answered("/v1/bookings");
  await press(page, /^Send/);
  expectEqual("a request after the first token has expired", (await sent).status(), 400);
  expectEqual(
    "the input after a renewal",
    JSON.parse((await sent).request().postData() ?? ""),
    JSON.parse(INPUT),
  );
});
