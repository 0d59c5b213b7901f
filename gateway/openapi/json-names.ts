import { protoCamelCase } from "@bufbuild/protobuf/reflect";

/** The text with JSON names for the field names in backticks: `pageToken` for `page_token`. */
export const withJsonNames = (text: string): string =>
  text.replaceAll(/`([a-z]+(?:_[a-z]+)+)`/g, (_, name: string) => `\`${protoCamelCase(name)}\``);
