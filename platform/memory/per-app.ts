/**
 * Memoizes `make` for each app. An app is the object that holds a process's database, clock and other parts.
 * Use cases are plain functions over an app, so they keep state that outlives a call here, such as the queue
 * of a grouped use case. A test with two apps gets two values.
 *
 * ```ts
 * // Made at the first booking of an app. All later bookings of that app share its queue.
 * const bookings = perApp((app: Scheduling) => app.calls.grouped({ rowsOf, lock, decide, write }));
 *
 * export const bookSlot = (app: Scheduling, request: CreateBookingRequest, call: Call): Promise<Booking> =>
 *   bookings(app)(request, call);
 * ```
 */
export function perApp<App extends object, T>(make: (app: App) => T): (app: App) => T {
  const made = new WeakMap<App, T>();
  return (app) => {
    const known = made.get(app);
    if (known !== undefined) return known;
    const value = make(app);
    made.set(app, value);
    return value;
  };
}
