import type { ComponentChildren } from "preact";
import { type ConsolePath, consoleUrl } from "../../paths.ts";
import { go } from "../navigation.ts";

export interface PageLinkProps {
  to: ConsolePath;
  isCurrent?: boolean;
  children: ComponentChildren;
}

/** A link to a page of the console, which is shown without a load. */
export const PageLink = ({ to, isCurrent = false, children }: PageLinkProps) => (
  <a
    href={consoleUrl(to)}
    aria-current={isCurrent ? "page" : undefined}
    onClick={(event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(to);
    }}
  >
    {children}
  </a>
);
