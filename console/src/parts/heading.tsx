import { useEffect, useRef } from "preact/hooks";

/** The heading of a page. It takes the focus, so screen readers announce a page that is shown without a load. */
export function Heading({ title }: { title: string }) {
  const element = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · MedConnect`;
    // A field of the page may have the focus already.
    if (document.activeElement === document.body) element.current?.focus();
  }, [title]);
  return (
    <h1 ref={element} tabIndex={-1}>
      {title}
    </h1>
  );
}
