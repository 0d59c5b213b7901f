import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Loaded } from "./loaded.tsx";
import { useLoad } from "./use-load.ts";

export interface PagedProps<Page> {
  /** Name of the list, for screen readers. */
  name: string;
  /** @param pageToken token of the page; empty for the first one */
  load(pageToken: string, signal: AbortSignal): PromiseLike<Page>;
  /** @param reload loads the page again, after a change of an item */
  children(page: Page, reload: () => void): ComponentChildren;
}

/** Shows a list page by page. Give it another key for another list. */
export function Paged<Page extends { nextPageToken: string }>({ name, load, children }: PagedProps<Page>) {
  /** Token of each page from the first to the current one. */
  const [tokens, setTokens] = useState([""]);
  const page = useLoad((signal) => load(tokens.at(-1) ?? "", signal), [tokens]);
  return (
    <Loaded load={page}>
      {(shown) => (
        <>
          {children(shown, page.reload)}
          {(tokens.length > 1 || shown.nextPageToken !== "") && (
            <nav class="pager" aria-label={`Pages of ${name}`}>
              <button
                type="button"
                disabled={tokens.length === 1}
                onClick={() => setTokens(tokens.slice(0, -1))}
              >
                Previous
              </button>
              <span role="status">Page {tokens.length}</span>
              <button
                type="button"
                disabled={shown.nextPageToken === ""}
                onClick={() => setTokens([...tokens, shown.nextPageToken])}
              >
                Next
              </button>
            </nav>
          )}
        </>
      )}
    </Loaded>
  );
}
