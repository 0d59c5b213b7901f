/** Names of the services. Each has its own database schema. */
export const SERVICES = ["auth", "scheduling", "clinical", "billing"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Names of all processes of a deployment: the services and the gateway. */
export const PROCESSES = [...SERVICES, "gateway"] as const;
export type ProcessName = (typeof PROCESSES)[number];

/**
 * Witness of each service: the service that stores checkpoints of its audit trail. The services form a ring,
 * so no service is its own witness, and the checkpoints are in another database than the trail.
 */
export const WITNESS_OF: Readonly<Record<ServiceName, ServiceName>> = {
  auth: "scheduling",
  scheduling: "clinical",
  clinical: "billing",
  billing: "auth",
};
