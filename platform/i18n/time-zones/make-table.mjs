// Generates time-zone-table.ts from the tz database of Debian's tzdata package, by default the host's own:
// node platform/i18n/time-zones/make-table.mjs [/usr/share/zoneinfo]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2] ?? "/usr/share/zoneinfo";
const lines = (name) => readFileSync(join(folder, name), "utf8").split("\n");

/**
 * Abbreviations such as CET, which name no place. In the files of Debian, they are zones; in others, links to
 * the zone of a country.
 */
const ABBREVIATIONS = new Set("CET CST6CDT EET EST EST5EDT HST MET MST MST7MDT PST8PDT WET".split(" "));

/**
 * Names that tzdata.zi links to the zone of another country, with the name that zone.tab has for their own
 * place. They come from the `#=` comments in the file `backward` of the tz database. tzdata.zi omits these
 * comments.
 */
const OWN_PLACES = {
  "Africa/Asmera": "Africa/Asmara",
  "Africa/Timbuktu": "Africa/Bamako",
  "America/Coral_Harbour": "America/Atikokan",
  "America/Virgin": "America/St_Thomas",
  "Antarctica/South_Pole": "Antarctica/McMurdo",
  "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
  Iceland: "Atlantic/Reykjavik",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "Pacific/Truk": "Pacific/Chuuk",
  "Pacific/Yap": "Pacific/Chuuk",
};

const source = lines("tzdata.zi");
const version = source[0].replace("# version ", "");
const zones = lines("zone.tab")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t")[2])
  .sort();
const links = source
  .filter((line) => line.startsWith("L "))
  .map((line) => line.split(" "))
  .map(([, target, name]) => ({ name, target: target === "Etc/UTC" ? "UTC" : (OWN_PLACES[name] ?? target) }))
  .filter(({ name }) => name !== "UTC" && !zones.includes(name) && !ABBREVIATIONS.has(name))
  .filter(({ target }) => zones.includes(target) || target === "UTC")
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Joins words to lines of at most 110 characters. */
function wrapped(words) {
  const rows = [""];
  for (const word of words) {
    if (rows.at(-1).length + word.length > 110) rows.push("");
    rows.push(`${rows.pop()}${word} `);
  }
  return rows.map((row) => row.trimEnd()).join("\n");
}

writeFileSync(
  join(import.meta.dirname, "time-zone-table.ts"),
  `// Made by make-table.mjs from the tz database, which is in the public domain. Do not edit.

/** The release of the tz database (https://www.iana.org/time-zones) that the table is from. */
export const TZ_VERSION = "${version}";

/** The names in zone.tab: at least one for each country and each history of clocks in it. */
export const ZONES = \`
${wrapped(zones)}
\`;

/** Other names, each as name=zone; those of UTC among them. */
export const LINKS = \`
${wrapped(links.map(({ name, target }) => `${name}=${target}`))}
\`;
`,
);
