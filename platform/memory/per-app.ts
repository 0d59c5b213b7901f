/** Makes one `T` for each app, such as the queue of a grouped use case. */
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
