import { marked } from "marked";
import { TITLE } from "../openapi/introduction.ts";
import { placeOfTask } from "../openapi/operation-place.ts";
import type { TaskTag } from "../openapi/tags.ts";
import { NAVIGATION } from "./docs-page.ts";
import { escaped } from "./escape-html.ts";
import { scalarModules } from "./scalar.ts";

/** Accounts of a system with demo data, for which the page of operations has buttons to sign in. */
export interface DemoAccounts {
  /** E-mail addresses. Empty for a system without demo data. */
  emails: readonly string[];
  password: string;
}

export interface ReferencePage {
  /** Introduction of the OpenAPI document, in Markdown. */
  introduction: string;
  tasks: readonly TaskTag[];
  demo: DemoAccounts;
  styles: string;
}

/**
 * HTML page of all operations. `browser/reference.js` fills it from the OpenAPI document when the reader does
 * something. Until then, it shows the introduction, and a sidebar as Scalar will show it.
 */
export function referencePage({
  introduction,
  tasks,
  demo: { emails, password },
  styles,
}: ReferencePage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<meta name="description" content="Reference of the MedConnect API: every operation, with examples to try.">
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<style>
${styles}</style>
</head>
<body>
<nav aria-label="MedConnect">
${NAVIGATION}
${emails.length === 0 ? "" : signIn(emails, password)}
</nav>
<main id="introduction">
<h1>${TITLE}</h1>
${marked.parse(introduction, { async: false })}<nav aria-label="Tasks">
<button id="search" type="button">Search</button>
<a href="/docs/">Introduction</a>
${tasks.map(({ name }) => `<a href="${placeOfTask(name)}">${escaped(name)}</a>`).join("\n")}
</nav>
</main>
<div id="reference" data-modules="${scalarModules().join(" ")}"></div>
<script type="module" src="/docs/reference.js"></script>
</body>
</html>
`;
}

const signIn = (
  emails: readonly string[],
  password: string,
): string => `<form id="sign-in" data-password="${escaped(password)}">
<select id="account" aria-label="Demo account"><option value="">Sign in as …</option>
${emails.map((email) => `<option>${escaped(email)}</option>`).join("\n")}
</select>
<output for="account" aria-live="polite"></output>
</form>`;
