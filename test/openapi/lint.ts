// `npm run lint:openapi`: checks the OpenAPI document by the rules of two public linters.
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { runMain } from "@medconnect/ops/command/command.ts";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { type RulesetDefinition, Spectral } from "@stoplight/spectral-core";
import { oas } from "@stoplight/spectral-rulesets";

runMain(async () => {
  const document = JSON.stringify(openApiDocument(contractRoutes, "https://api.example.org"));
  const findings = [...(await findingsOfRedocly(document)), ...(await findingsOfSpectral(document))];
  for (const finding of findings) process.stderr.write(`${finding}\n`);
  return findings.length === 0 ? 0 : 1;
});

async function findingsOfRedocly(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
  return problems.map(
    ({ ruleId, message, location }) => `redocly ${ruleId} ${location[0]?.pointer ?? ""}: ${message}`,
  );
}

async function findingsOfSpectral(source: string): Promise<string[]> {
  const spectral = new Spectral();
  spectral.setRuleset({ extends: [[oas as RulesetDefinition, "recommended"]] });
  const results = await spectral.run(source);
  return results.map(({ code, path, message }) => `spectral ${code} ${path.join(".")}: ${message}`);
}
