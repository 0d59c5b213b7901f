import { useEffect, useState } from "preact/hooks";
import { CONSOLE_FOLDER, type ConsolePath, consoleUrl } from "../paths.ts";

const currentPath = (): string => location.pathname.slice(CONSOLE_FOLDER.length) || "/";

/** Path of the current page, relative to the console's folder. */
export function usePath(): string {
  const [path, setPath] = useState(currentPath);
  useEffect(() => {
    const update = () => setPath(currentPath());
    addEventListener("popstate", update);
    return () => removeEventListener("popstate", update);
  }, []);
  return path;
}

/** Shows another page without loading it, because a load would forget the tokens. */
export function go(path: ConsolePath): void {
  history.pushState(undefined, "", consoleUrl(path));
  dispatchEvent(new PopStateEvent("popstate"));
}
