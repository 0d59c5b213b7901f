import { parseSync } from "@swc/core";

/** Files that hold the SQL of a feature. */
export const STORE = /-(store|sql)\.ts$/;

const KEYWORDS =
  `SELECT INSERT UPDATE DELETE REPLACE TRUNCATE CREATE ALTER DROP GRANT REVOKE SET SHOW KILL CALL LOCK UNLOCK
  START WITH UNION FROM JOIN WHERE HAVING GROUP ORDER LIMIT VALUES CASE WHEN`.split(/\s+/);

/** Marks of SQL in a text: a keyword at the start, a comparison with a placeholder, a list or an alias. */
const SQL = [
  new RegExp(`^[\\s(]*(${KEYWORDS.join("|")})\\s`),
  /\bselect\s[\s\S]*\sfrom\s|\binsert\s+into\s|\bupdate\s+\S+\s+set\s|\bdelete\s+from\s|^\s*explain\s/i,
  /(=|<>|<|>|\bLIKE) *\?|\sIN \(/,
  /\sAS [a-z]/,
];

/** Names of variables and properties that hold a database, a transaction or a connection. */
const RECEIVERS = ["tx", "db", "transaction", "database", "connection", "witness"];
/** Methods that no other object has, so they are refused on every receiver. */
const UNIQUE_METHODS = ["defer", "deleteAll"];
const STATEMENT_METHODS = [...UNIQUE_METHODS, "read", "scan", "lock", "write", "query", "execute"];

/** Nodes around an expression that do not change its value: `db!`, `db as Database`, `(db)`. */
const WRAPPERS = ["TsNonNullExpression", "TsAsExpression", "TsSatisfiesExpression", "ParenthesisExpression"];

interface Node {
  type: string;
  [field: string]: unknown;
}

/**
 * Finds the SQL in the code of a file: texts that look like SQL, and uses of a method that sends a statement.
 * The second rule also finds a statement that the file imports from a store.
 */
export function sqlIn(code: string): string[] {
  const found: string[] = [];
  visit(parseSync(code, { syntax: "typescript", target: "es2024" }), (node) => {
    const text = textOf(node);
    if (text !== undefined && SQL.some((pattern) => pattern.test(text))) found.push(text);
    const method = statementMethodOf(node);
    if (method) found.push(method);
  });
  return found;
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (typeof value !== "object" || value === null) return;
  if ("type" in value) look(value as Node);
  for (const child of Object.values(value)) visit(child, look);
}

/** Text of a string or of a part of a template. */
function textOf(node: Node): string | undefined {
  if (node.type === "StringLiteral") return node.value as string;
  return node.type === "TemplateElement" ? (node.raw as string) : undefined;
}

/** Describes an expression such as `tx.defer`, `this.#db.write` or `db[name]`; undefined for any other. */
function statementMethodOf({ type, object, property }: Node): string | undefined {
  if (type !== "MemberExpression") return undefined;
  const receiver = nameOf(object as Node);
  const method = nameOf(property as Node);
  if (method && UNIQUE_METHODS.includes(method)) return `${receiver}.${method}`;
  if (!receiver || !RECEIVERS.includes(receiver)) return undefined;
  if (method === undefined) return `${receiver}[…]`;
  return STATEMENT_METHODS.includes(method) ? `${receiver}.${method}` : undefined;
}

/** Name of a variable or property; undefined if the code computes the name. */
function nameOf(node: Node): string | undefined {
  if (node.type === "Identifier" || node.type === "PrivateName") return node.value as string;
  if (node.type === "MemberExpression") return nameOf(node.property as Node);
  return WRAPPERS.includes(node.type) ? nameOf(node.expression as Node) : undefined;
}
