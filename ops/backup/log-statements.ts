/** Comments before a statement, as migrations have them. */
const COMMENTS = /^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/;

const begins = (sql: string, pattern: RegExp): boolean => pattern.test(sql.replace(COMMENTS, ""));

/** True for the statements around rows in the log. */
export const isTransactional = (sql: string): boolean => begins(sql, /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b/i);

/** True for statements about users and their rights. */
export const isAboutAccounts = (sql: string): boolean =>
  begins(sql, /^(GRANT|REVOKE|FLUSH|SET|(CREATE|ALTER|DROP|RENAME)\s+(USER|ROLE|DATABASE|SCHEMA))\b/i);
