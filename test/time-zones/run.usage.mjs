export const usage = /** @type {const} */ ({
  name: "test:time-zones",
  help: `Compares the times of slots with those that Python's zoneinfo finds, on the days around each change of the clocks
from 2020 to 2035, in all time zones. Leaves out, and lists, time zones whose rules differ between Python and Node.

Usage: npm run test:time-zones

Needs Python 3.9 or newer. Without it, the test is skipped and says so. Takes half a minute.

  -h, --help  Shows this.

Exit codes: 0 no difference, or Python is missing; 1 differences; 2 wrong arguments
`,
  options: {},
});
