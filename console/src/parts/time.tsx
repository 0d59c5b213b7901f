const SHOWN = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A time in the reader's zone. Its title has the time in UTC. */
export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={new Date(at).toISOString()}>
    {SHOWN.format(new Date(at))}
  </time>
);
