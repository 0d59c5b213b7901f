// Mends what Scalar's markup leaves out for screen readers (WCAG 2.2, 4.1.2), whenever it shows something new.

const DIALOG_OPEN = ".scalar-client--open";

/** Findings of axe, by the elements that have them. */
const MENDS = [
  ["button:is([role=none], [role=alert])", (button) => button.removeAttribute("role")],
  ["[role=combobox]:not([aria-expanded])", (field) => field.setAttribute("aria-expanded", "false")],
  // A title names the button while it shows no value.
  [
    "tr[id] button:not([aria-label], [title])",
    (button) => button.setAttribute("title", button.closest("tr").id),
  ],
  [".cm-content:not([aria-label])", (editor) => editor.setAttribute("aria-label", nameOf(editor))],
  [".cm-scroller[tabindex='-1']", (scroller) => scroller.setAttribute("tabindex", "0")],
  ["button[aria-label='Copy code'][aria-controls]", (button) => button.removeAttribute("aria-controls")],
  [
    "[role=dialog] > section[aria-label^=Notifications]",
    (section) => section.setAttribute("aria-label", "Messages about the request"),
  ],
];

const nameOf = (editor) => (editor.contentEditable === "true" ? "Request body" : "Response body");

/** Mends the page from now on. */
export function mendAccessibility() {
  const mend = () => {
    for (const [selector, change] of MENDS)
      for (const element of document.querySelectorAll(selector)) change(element);
    // The dialog of a request has a `main` of its own.
    const main = document.querySelector("main.references-rendered");
    if (main) main.inert = document.querySelector(DIALOG_OPEN) !== null;
  };
  mend();
  new MutationObserver(mend).observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["class"],
  });
}
