import type { Database } from "@medconnect/platform/db/database.ts";

/** Something that the audit trail does not explain. */
export interface Unexplained {
  /** As a line would name it, such as "users/{id}". */
  resource: string;
  /** The state that is there, such as "DISABLED". */
  state: string;
}

/** Whether a line says that this was done to `resource`. */
const hasLine = (actions: string, resource: string) =>
  `EXISTS (SELECT 1 FROM audit_events e WHERE e.action IN (${actions}) AND e.outcome = 'SUCCESS' AND e.resource = ${resource})`;

/** The last of such lines about each resource. */
const lastLines = (actions: string) =>
  `(SELECT resource, action FROM (
      SELECT resource, action, ROW_NUMBER() OVER (PARTITION BY resource ORDER BY occur_time DESC, id DESC) AS place
      FROM audit_events WHERE action IN (${actions}) AND outcome = 'SUCCESS'
    ) ranked WHERE place = 1)`;

const ADMINS = `SELECT CONCAT('users/', u.id) AS resource, u.role AS state FROM users u
  WHERE u.role = 'ADMIN' AND NOT ${hasLine("'user.create_admin'", "CONCAT('users/', u.id)")}`;

const STATUSES = `SELECT CONCAT('users/', u.id) AS resource, u.status AS state FROM users u
  LEFT JOIN ${lastLines("'user.disable', 'user.enable'")} l ON l.resource = CONCAT('users/', u.id)
  WHERE (u.status = 'DISABLED') <> (l.action <=> 'user.disable')`;

const FACTORS = `SELECT CONCAT('users/', u.id) AS resource, IF(t.user_id IS NULL, 'none', 'active') AS state FROM users u
  LEFT JOIN mfa_totp t ON t.user_id = u.id AND t.activate_time IS NOT NULL
  LEFT JOIN ${lastLines("'mfa.activate', 'mfa.disable', 'user.reset_mfa'")} l ON l.resource = CONCAT('users/', u.id)
  WHERE (t.user_id IS NOT NULL) <> (l.action <=> 'mfa.activate')`;

const SCOPE = "CONCAT('service-accounts/', a.id, '/scopes/', s.scope)";
const SCOPES = `SELECT CONCAT('service-accounts/', a.id) AS resource, s.scope AS state FROM service_accounts a,
    JSON_TABLE(a.scopes, '$[*]' COLUMNS (scope VARCHAR(64) PATH '$')) s
  WHERE NOT ${hasLine("'client.grant_scope'", SCOPE)}`;

const CLIENT_STATUSES = `SELECT CONCAT('service-accounts/', a.id) AS resource, a.status AS state FROM service_accounts a
  LEFT JOIN ${lastLines("'client.disable', 'client.enable'")} l ON l.resource = CONCAT('service-accounts/', a.id)
  WHERE (a.status = 'DISABLED') <> (l.action <=> 'client.disable')`;

const SIGNING_KEYS = `SELECT CONCAT('keys/', k.kid) AS resource, 'in use' AS state FROM signing_keys k
  WHERE (k.retire_time IS NULL OR k.retire_time > ?)
    AND (NOT ${hasLine("'key.create'", "CONCAT('keys/', k.kid)")} OR ${hasLine("'key.revoke'", "CONCAT('keys/', k.kid)")})`;

/** Admins that no command made. */
export const listAdmins = (db: Database) => db.read<Unexplained>(ADMINS);

/** Accounts that are disabled or active although the last line says otherwise. */
export const listStatuses = (db: Database) => db.read<Unexplained>(STATUSES);

/** Accounts with a second factor that was not set up, or without one that was not removed. */
export const listFactors = (db: Database) => db.read<Unexplained>(FACTORS);

/** Scopes that no admin gave. */
export const listScopes = (db: Database) => db.read<Unexplained>(SCOPES);

/** Service accounts that are disabled or active although the last line says otherwise. */
export const listServiceAccountStatuses = (db: Database) => db.read<Unexplained>(CLIENT_STATUSES);

/** Signing keys that have not retired and that auth did not make, or that were revoked. */
export const listSigningKeys = (db: Database, now: Date) => db.read<Unexplained>(SIGNING_KEYS, [now]);
