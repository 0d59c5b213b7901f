// A process that shares a file of tokens with others, and calls the API when told to.
import { fileTokens } from "../file-tokens.ts";
import { MedConnect } from "../gen/medconnect.ts";
import { userSession } from "../session.ts";

const [baseUrl = "", file = ""] = process.argv.slice(2);
const medconnect = new MedConnect({ baseUrl, credentials: userSession(fileTokens(file)) });

process.on("message", async (calls: number) => {
  const answers = await Promise.allSettled(Array.from({ length: calls }, () => medconnect.getMe()));
  process.send?.(answers.filter(({ status }) => status === "fulfilled").length);
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
