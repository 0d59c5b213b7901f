import { useEffect, useState } from "preact/hooks";

/**
 * Token of the mailed link that the reader has opened. Takes it out of the address, where the browser's history
 * would keep it. Undefined if the address has none.
 */
export function useLinkToken(): string | undefined {
  const [token, setToken] = useState(takeToken);
  useEffect(() => {
    const update = () => setToken((known) => takeToken() ?? known);
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return token;
}

function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;
  if (token !== undefined) history.replaceState(undefined, "", location.pathname);
  return token;
}
