/** The fault of the drill, its alerts, and the search that finds slow requests. docs/runbooks.md tells them. */
export const FAULT = {
  name: "MySQL answers billing 300 ms later",
  alerts: ["DatabaseSlow", "GatewaySlow"],
  /** Added to each round trip. */
  latencyMs: 300,
};

/** Fields of the search at the pages of traces. */
export const SEARCH = { route: "payments", minMs: "500" };

/** Address of the search. */
export const searchUrl = (traces: string): string => `${traces}/?${new URLSearchParams(SEARCH)}`;
