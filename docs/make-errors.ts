import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorsPage } from "@medconnect/platform/errors/errors-page.ts";

writeFileSync(join(import.meta.dirname, "errors.md"), errorsPage());
