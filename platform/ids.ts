import { v7 } from "uuid";

/** A new id: UUIDv7 (RFC 9562), so that rows made one after the other lie together in their index. */
export const newId = (): string => v7();
