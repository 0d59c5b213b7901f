import { escaped } from "./escape-html.ts";

/** Links between the pages for developers. */
export const NAVIGATION = `<a class="home" href="/docs/">MedConnect API</a>
<a href="/docs/guides/">Guides</a>
<a href="/docs/errors">Errors</a>
<a href="/openapi.json">OpenAPI</a>
<a href="/llms.txt">llms.txt</a>`;

/** HTML page for developers that needs no script. */
export const docsPage = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · MedConnect API</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<nav aria-label="MedConnect">
${NAVIGATION}
</nav>
<main>
${body}
</main>
</body>
</html>
`;
