/** A command of the CLI that calls an RPC. */
export interface RpcCommand {
  /** `create-booking` */
  readonly name: string;
  /** Name of the RPC: `createBooking`. */
  readonly rpc: string;
  readonly group: string;
  readonly summary: string;
  readonly description: string;
  /** One answer, one page of a list, or lines that arrive one by one. */
  readonly answers: "single" | "list" | "lines";
  /** Fields of the items of a list, in the order of a table. */
  readonly columns?: readonly string[];
  /** Field of the request that is the body; the fields with `ofResource` are fields of it. */
  readonly resource?: string;
  readonly fields: readonly CommandField[];
}

/** A field of the request, as an argument or a flag. */
export interface CommandField {
  readonly name: string;
  readonly flag: string;
  readonly help: string;
  readonly kind: "text" | "number" | "flag" | "json";
  readonly isList?: boolean;
  /** Allowed values. */
  readonly values?: readonly string[];
  readonly required?: boolean;
  readonly isArgument?: boolean;
  /** True for passwords and tokens: they are asked for, because other users can see the arguments. */
  readonly isSecret?: boolean;
  readonly ofResource?: boolean;
}
