// Import rules. `npm run lint` checks them. test/structure/imports.test.ts makes forbidden imports, and
// expects that the rules find them.

const { devDependencies } = require("./package.json");

const TESTS = "\\.test\\.ts$|(^|/)testing/|^(test|bench)/";
const RULES = "-rules\\.ts$";

/** Top-level folders ("rooms"), each with the other rooms that its code may import. All may import proto. */
const ROOMS = {
  proto: [],
  platform: [],
  topology: ["platform"],
  "services/[^/]+": ["platform", "topology"],
  console: ["clients"],
  gateway: ["platform", "topology", "console"],
  "clients/[^/]+/src": [],
  "clients/[^/]+/generator": ["platform", "gateway", "clients"],
  ops: ["platform", "topology", "services"],
  deploy: ["topology", "ops"],
  dev: ["platform", "topology", "clients", "ops", "deploy"],
  docs: ["platform", "topology", "services", "gateway"],
};
const ALL_ROOMS =
  "^(proto|platform|topology|services|console|gateway|clients|ops|deploy|dev|docs|test|bench)/";

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room.replace("/[^/]+", "")}-imports`,
  comment: `${room} may import ${["proto", ...allowed].join(", ")} only.`,
  severity: "error",
  from: { path: `^(${room})/`, pathNot: TESTS },
  to: { path: ALL_ROOMS, pathNot: `^(proto|${[...allowed, "$1"].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: "services-are-apart",
      comment: "A service imports no code of another service, not even in tests and stores.",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "no-circular-files",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-tests-in-production",
      comment:
        "The image holds neither tests nor their fixtures. The generator of the client is not part of it.",
      severity: "error",
      from: { pathNot: `${TESTS}|^clients/[^/]+/generator/` },
      to: { path: TESTS },
    },
    {
      name: "no-development-packages-in-production",
      comment: "The image is installed without devDependencies.",
      severity: "error",
      from: { path: "^(platform|topology|services|gateway|ops)/", pathNot: TESTS },
      to: { path: `node_modules/(${Object.keys(devDependencies).join("|")})/` },
    },
    {
      name: "client-without-packages",
      comment: "The client has no dependencies.",
      severity: "error",
      from: { path: "^clients/[^/]+/src/", pathNot: TESTS },
      to: { path: "node_modules/" },
    },
    {
      name: "client-without-node",
      comment:
        "The client runs in browsers. Only the CLI and private files, such as that of the tokens, need Node.",
      severity: "error",
      from: { path: "^clients/[^/]+/src/", pathNot: `${TESTS}|/src/cli/|/(file-tokens|private-file)\\.ts$` },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "mysql-in-platform-db",
      comment: "Services reach MySQL through platform/db, in stores.",
      severity: "error",
      from: {
        path: "^(platform|topology|services|gateway|ops)/",
        pathNot: `${TESTS}|^platform/db/|^ops/(schemas|backup/server)/`,
      },
      to: { path: "node_modules/mysql2" },
    },
    {
      name: "rules-without-io",
      comment:
        "Rules are pure: time and facts are parameters. They import rules, errors and plain types only.",
      severity: "error",
      from: { path: RULES },
      to: {
        dependencyTypesNot: ["core"],
        pathNot: [
          RULES,
          "^proto/",
          "^node_modules/(@bufbuild|temporal-polyfill)/",
          "^platform/(api/update-mask|contract/scopes|time/calendar-date)\\.ts$",
          "^platform/errors/",
          // Types, and pure functions on them.
          "/(account|booking|disagreement|json-names|json-schema|password-strength|provider|slot)\\.ts$",
        ],
      },
    },
    {
      name: "rules-without-node",
      comment: "Of Node's modules, rules use node:util only.",
      severity: "error",
      from: { path: RULES },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?util$" },
    },
  ],
  options: {
    // swc keeps type-only imports. So the option tsPreCompilationDeps is not needed; it requires an older
    // TypeScript.
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(proto|console)/(gen|node_modules)/|^clients/[^/]+/src/gen/|^(dist|\\.local)/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"] },
  },
};
