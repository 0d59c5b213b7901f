export const usage = /** @type {const} */ ({
  name: "test:pages",
  help: `Checks /docs, /docs/errors, /console and the traces in Chromium: sign-in, search, a booking, the figures, a waterfall,
phones, accessibility, and other hosts.

Usage: npm run test:pages [-- options] [CHECK...]

Needs Chromium (Debian: chromium), or CHROME_PATH. Without it, the checks are skipped.

  CHECK          Runs only checks whose name contains one of these texts, such as "console".
  --lighthouse   Also audits the pages with Lighthouse, five times each; only on a quiet machine.
  --screenshots  Also takes the pictures in docs/images.
  -h, --help     Shows this.

Exit codes: 0 all checks passed or were skipped, 1 one failed, 2 wrong arguments
`,
  allowPositionals: true,
  options: {
    lighthouse: { type: "boolean", default: false },
    screenshots: { type: "boolean", default: false },
  },
});
