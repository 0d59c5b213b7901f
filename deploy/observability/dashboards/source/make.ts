// `npm run dashboards`: writes the JSON files that Grafana imports, from their descriptions in this folder.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonFiles } from "./all.ts";

for (const [name, text] of jsonFiles()) writeFileSync(join(import.meta.dirname, "..", name), text);
