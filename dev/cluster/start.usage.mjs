export const usage = /** @type {const} */ ({
  name: "cluster",
  help: `Starts three MySQL servers in a single-primary group behind MySQL Router, and prints its MYSQL_URL.

Usage: npm run cluster [-- options]

Restarts a server that ends, which then rejoins the group. Ctrl-C stops everything, a second Ctrl-C kills it. The data
stays for the next start. docs/scaling.md lists the group's guarantees.

  --port N         Port of the router (6446).
  --data-dir DIR   Folder of the servers' data and logs (.local/cluster).
  -h, --help       Shows this.

Exit codes: 0 stopped, 1 the start failed or the router ended, 2 wrong arguments, 130 stopped during the start
`,
  options: {
    port: { type: "string", default: "6446" },
    "data-dir": { type: "string", default: ".local/cluster" },
  },
  numbers: { port: 1 },
});
