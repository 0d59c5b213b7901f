import { Card } from "../parts/card.tsx";
import { PageLink } from "../parts/page-link.tsx";

/** In place of a page whose address has lost its token, such as after a reload. */
export const MissingToken = ({ title }: { title: string }) => (
  <Card title={title}>
    <p class="problem">This address is incomplete. Open the link in the mail again, or copy all of it.</p>
    <PageLink to="/forgot-password">Ask for a new link to set the password</PageLink>
  </Card>
);
