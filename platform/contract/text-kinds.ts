import { domainToASCII } from "node:url";
import { Text_Kind } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { MINOR_UNITS } from "../i18n/currencies.ts";
import { canonicalRegion } from "../i18n/regions.ts";
import { lineRule, type TextRule, textRule, withoutSpaceAround } from "../i18n/text/text-policy.ts";
import { canonicalTimeZone } from "../i18n/time-zones/canonical-time-zone.ts";
import { isCalendarDate } from "../time/calendar-date.ts";

/**
 * Rule for an e-mail address: lower case, and a non-ASCII domain in the form that the DNS uses (A-labels, RFC
 * 5890).
 */
const emailRule: TextRule = (text) => {
  const { start, end } = withoutSpaceAround(text);
  const email = text.slice(start, end).toLowerCase();
  const at = email.lastIndexOf("@") + 1;
  const domain = email.slice(at);
  if (at === 0 || /^[!-~]*$/.test(domain)) return email;
  const ascii = domainToASCII(domain);
  return ascii === ""
    ? { refused: "must have a domain that is valid in the DNS" }
    : email.slice(0, at) + ascii;
};

const timeZoneRule: TextRule = (text) =>
  canonicalTimeZone(text) ?? { refused: "must be an IANA time zone, such as Europe/Berlin, or UTC" };

/** Rule for a language tag: the canonical form (RFC 5646 §4.5), such as de-CH. */
const languageRule: TextRule = (text) => {
  try {
    // biome-ignore lint/style/noNonNullAssertion: one tag for one argument
    return Intl.getCanonicalLocales(text)[0]!;
  } catch {
    return { refused: "must be a language tag of BCP 47, such as de-CH" };
  }
};

const dateRule: TextRule = (text) =>
  isCalendarDate(text) && text >= "1900" && text < "2201"
    ? text
    : { refused: "must be a day of the calendar from 1900 to 2200, such as 2026-03-01" };

const currencyRule: TextRule = (text) =>
  MINOR_UNITS.has(text) ? text : { refused: "must be an active currency of ISO 4217, such as USD" };

const regionRule: TextRule = (text) =>
  canonicalRegion(text) ?? {
    refused: "must be an ISO 3166-1 alpha-2 or ISO 3166-2 code, such as DE or US-CA",
  };

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const actorRule: TextRule = (text) => text.replace(UUID, (id) => id.toLowerCase());

/** Rule for each kind of text (medconnect.options.v1.Text); undefined for texts that are kept as sent. */
export const TEXT_RULES: Readonly<Record<Text_Kind, TextRule | undefined>> = {
  [Text_Kind.KIND_UNSPECIFIED]: undefined,
  [Text_Kind.NAME]: lineRule,
  [Text_Kind.LINE]: lineRule,
  [Text_Kind.TEXT]: textRule,
  [Text_Kind.VERBATIM]: undefined,
  [Text_Kind.EMAIL]: emailRule,
  [Text_Kind.TIME_ZONE]: timeZoneRule,
  [Text_Kind.LANGUAGE]: languageRule,
  [Text_Kind.DATE]: dateRule,
  [Text_Kind.CURRENCY]: currencyRule,
  [Text_Kind.REGION]: regionRule,
  [Text_Kind.ACTOR]: actorRule,
};
