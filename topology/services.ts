/** Names of the services. Each has its own database schema. */
export const SERVICES = ["auth", "scheduling", "clinical", "billing"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Names of all processes of a deployment: the services and the gateway. */
export const PROCESSES = [...SERVICES, "gateway"] as const;
export type ProcessName = (typeof PROCESSES)[number];

/**
 * Witness of each service: the other service that stores checkpoints of its audit trail. No service is its
 * own witness. So the checkpoints are in another database than the audit trail.
 */
export const WITNESS_OF: Readonly<Record<ServiceName, ServiceName>> = {
  auth: "scheduling",
  scheduling: "clinical",
  clinical: "billing",
  billing: "auth",
};
