export const usage = /** @type {const} */ ({
  name: "start",
  help: `Starts MySQL, Redis, the four services and the gateway, and creates demo accounts.

Usage: npm start [-- options]

Ctrl-C stops everything, a second Ctrl-C kills it. The data stays for the next start.

  --port N         Port of the gateway (8080, or GATEWAY_PORT).
  --port-offset N  Adds N to every port, for a second system; give it a --data-dir of its own.
  --data-dir DIR   Folder of databases, secrets and stack.json (.local/data).
  --reset          Deletes the data first.
  --watch          Restarts each process whose sources change, and lets debuggers attach; npm run dev does the same.
  --mtls           Mutual TLS for gRPC, with certificates in DIR/certificates (or MTLS=1).
  -h, --help       Shows this.

Environment, passed on to every process:
  MYSQL_URL, REDIS_URL                  Existing servers; mysql://user:password@host:port of an administrator.
  GATEWAY_PORT, AUTH_PORT, …            Ports: gateway 8080, auth 50051, scheduling 50052, clinical 50053, billing 50054.
  GATEWAY_METRICS_PORT, …               Metrics: gateway 9464, auth 9465, scheduling 9466, clinical 9467, billing 9468.
  TRACES_PORT                           Port of the pages of traces (9469).
  OTEL_EXPORTER_OTLP_ENDPOINT           Collector of traces. They then have no pages here.
  MAIL_URL=smtp://host:port             Mail server. Without it, mails go to the data folder, and their links are shown.
  MEDCONNECT_ENGINES_DIR                Folder for MySQL and Redis if they are not installed (.local/engines).
  LOG_FORMAT=pretty                     Lines of the terminal: pretty or json; without a terminal, json.
  CORS_ORIGINS, ALLOWED_HOSTS           Pages that may call, and names of this machine: loopback, for localhost only.
  LOG_LEVEL=warn, RATE_LIMIT_AUTH=0, …  Any setting of a process.

Exit codes: 0 stopped, 1 the start failed or a process ended, 2 wrong arguments, 130 stopped during the start
`,
  options: {
    port: { type: "string" },
    "port-offset": { type: "string", default: "0" },
    "data-dir": { type: "string", default: ".local/data" },
    reset: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
    mtls: { type: "boolean", default: ["1", "true"].includes(process.env.MTLS ?? "") },
  },
  numbers: { port: 1, "port-offset": 0 },
});
