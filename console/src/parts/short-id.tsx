const SHOWN = 8;

/** The end of an id, which differs most between ids of one time. Its title has all of it. */
export const ShortId = ({ id }: { id: string }) => <code title={id}>{shortId(id)}</code>;

/** Ids in words, such as "service:billing", stay as they are. */
export const shortId = (id: string): string => (/^[0-9a-f-]{32,}$/.test(id) ? `…${id.slice(-SHOWN)}` : id);
