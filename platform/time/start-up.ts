/**
 * Time in ms after the start in which an absent peer is no news. Processes that start together wait for each
 * other, on a busy machine for long.
 */
export const START_MS = 15_000;

/** True while failures to reach other processes are not logged. Failures that last are logged later. */
export const isStarting = (): boolean => process.uptime() * 1000 < START_MS;
