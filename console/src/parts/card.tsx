import type { ComponentChildren } from "preact";
import { Heading } from "./heading.tsx";

/** A page with one task, before or without a sign-in. */
export const Card = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <main class="card-page">
    <p class="brand">MedConnect</p>
    <div class="card">
      <Heading title={title} />
      {children}
    </div>
  </main>
);
