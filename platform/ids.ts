import { v7 } from "uuid";

/** A new id: UUIDv7 (RFC 9562), so that rows made one after the other lie together in their index. */
export const newId = (): string => v7();

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A caller may name its request anything that is short, and safe in a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Whether something could be an id of ours. */
export const isId = (value: unknown): value is string => typeof value === "string" && ID.test(value);

export const isRequestId = (text: string): boolean => REQUEST_ID.test(text);
