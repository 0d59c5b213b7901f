/** A mistake that newcomers make in a call, and the answer that helps them to mend it. */
export interface Mistake {
  readonly title: string;
  /** Method and path. */
  readonly call: string;
  /** Account whose token the call has; default: the patient. "nobody" sends no token. */
  readonly as?: "patient" | "doctor" | "nobody";
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, and a text as it is. */
  readonly body?: object | string;
  readonly answer: readonly [status: number, reason: string];
  /** Text that `detail` contains. */
  readonly detail: string;
}

const JSON_TYPE = { "content-type": "application/json" };
const KEY = { "idempotency-key": "<newKey>" };
const BOOKING = { slotId: "<slotId>", reason: "A cough" };
const NEW_USER = {
  email: "ann@example.org",
  password: "four unrelated words",
  fullName: "Ann",
  role: "PATIENT",
};
const UUID = "must be a UUID such as 0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const TIME = "must be a time with its zone such as 2026-03-01T09:00:00Z (RFC 3339)";
const UNKNOWN_ROUTE = [404, "ROUTE_NOT_FOUND"] as const;
const INVALID = [400, "INVALID_REQUEST"] as const;
const MALFORMED = [400, "MALFORMED_JSON"] as const;
const UNAUTHENTICATED = [401, "UNAUTHENTICATED"] as const;
const MEDIA_TYPE = [415, "UNSUPPORTED_MEDIA_TYPE"] as const;

const book = (body: object | string, headers: Record<string, string> = {}) =>
  ({ call: "POST /v1/bookings", headers: { ...KEY, ...headers }, body }) as const;
const register = (changes: object) =>
  ({ call: "POST /v1/auth/register", as: "nobody", body: { ...NEW_USER, ...changes } }) as const;
const patchMe = (body: object, query = "") => ({ call: `PATCH /v1/users/me${query}`, body }) as const;

/**
 * Mistakes of an app developer in the first hour, with curl, fetch, axios, Postman, Python's requests or a
 * generated client. Words in angle brackets are filled in by the test.
 */
export const MISTAKES: readonly Mistake[] = [
  // --- Path and method ---
  {
    title: "no version",
    call: "GET /doctors",
    answer: UNKNOWN_ROUTE,
    detail: "No route GET /doctors; did you mean /v1/doctors?",
  },
  {
    title: "another version",
    call: "GET /v2/doctors",
    answer: UNKNOWN_ROUTE,
    detail: "No route GET /v2/doctors; did you mean /v1/doctors?",
  },
  {
    title: "a prefix that other APIs have",
    call: "GET /api/v1/doctors",
    answer: UNKNOWN_ROUTE,
    detail: "did you mean /v1/doctors?",
  },
  {
    title: "a slash at the end",
    call: "GET /v1/doctors/",
    answer: UNKNOWN_ROUTE,
    detail: "No route GET /v1/doctors/; did you mean /v1/doctors?",
  },
  {
    title: "two slashes",
    call: "GET /v1//doctors",
    answer: UNKNOWN_ROUTE,
    detail: "did you mean /v1/doctors?",
  },
  {
    title: "the singular",
    call: "GET /v1/doctor",
    answer: UNKNOWN_ROUTE,
    detail: "did you mean /v1/doctors?",
  },
  { title: "a capital", call: "GET /v1/Doctors", answer: UNKNOWN_ROUTE, detail: "did you mean /v1/doctors?" },
  {
    title: "a misspelt action",
    call: "POST /v1/bookings/<bookingId>/cancell",
    body: {},
    answer: UNKNOWN_ROUTE,
    detail: "No route POST /v1/bookings/…/cancell; did you mean :cancel?",
  },
  {
    title: "an action in another spelling",
    call: "POST /v1/bookings/<bookingId>:accept-move",
    body: {},
    answer: UNKNOWN_ROUTE,
    detail: "did you mean :acceptMove?",
  },
  {
    title: "a path variable that is left in",
    call: "GET /v1/bookings/%7BbookingId%7D",
    answer: INVALID,
    detail: `bookingId: ${UUID}; got "{bookingId}"; put a value in place of the placeholder`,
  },
  {
    title: "a variable without a value",
    call: "GET /v1/bookings/undefined",
    answer: INVALID,
    detail: `bookingId: ${UUID}; got "undefined"; the program that built the request had no value here`,
  },
  {
    title: "an id of another kind",
    call: "GET /v1/bookings/123",
    answer: INVALID,
    detail: `bookingId: ${UUID}; got "123"`,
  },
  {
    title: "an id that does not exist",
    call: "GET /v1/bookings/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21",
    answer: [404, "NOT_FOUND"],
    detail: "The resource does not exist, or the caller has no access to it.",
  },
  {
    title: "PUT for a change",
    call: "PUT /v1/users/me",
    body: { phone: "+4930123456" },
    answer: [405, "METHOD_NOT_ALLOWED"],
    detail: "This path does not take PUT. It takes GET, HEAD, PATCH, OPTIONS.",
  },
  {
    title: "GET for an action",
    call: "GET /v1/bookings/<bookingId>:cancel",
    answer: [405, "METHOD_NOT_ALLOWED"],
    detail: "This path does not take GET. It takes POST, OPTIONS.",
  },
  {
    title: "DELETE for a cancellation",
    call: "DELETE /v1/bookings/<bookingId>",
    answer: [405, "METHOD_NOT_ALLOWED"],
    detail: "This path does not take DELETE. It takes GET, HEAD, OPTIONS.",
  },

  // --- Query ---
  {
    title: "a parameter in snake case",
    call: "GET /v1/bookings?page_size=5",
    answer: INVALID,
    detail: "page_size: unknown query parameter; did you mean pageSize?",
  },
  {
    title: "a misspelt parameter",
    call: "GET /v1/doctors?speciality=cardiology",
    answer: INVALID,
    detail: "speciality: unknown query parameter; did you mean specialty?",
  },
  {
    title: "pages by number",
    call: "GET /v1/bookings?page=2",
    answer: INVALID,
    detail: "page: unknown query parameter; this route has pageSize, pageToken, status,",
  },
  {
    title: "a page size that is no number",
    call: "GET /v1/bookings?pageSize=ten",
    answer: INVALID,
    detail: 'pageSize: must be a whole number from 0 to 2147483647; got "ten"',
  },
  {
    title: "a page size below 0",
    call: "GET /v1/bookings?pageSize=-1",
    answer: INVALID,
    detail: "pageSize: must be a whole number from 0 to 2147483647; got -1",
  },
  {
    title: "an invented page token",
    call: "GET /v1/bookings?pageToken=2",
    answer: [400, "INVALID_PAGE_TOKEN"],
    detail: "or start again without a token.",
  },
  {
    title: "the page token of another list",
    call: "GET /v1/bookings?pageToken=<foreignPageToken>",
    answer: [400, "INVALID_PAGE_TOKEN"],
    detail: "The page token was not made by this list with these filters.",
  },
  {
    title: "a status in lower case",
    call: "GET /v1/bookings?status=confirmed",
    answer: INVALID,
    detail: 'CANCELLED, COMPLETED, NO_SHOW; got "confirmed"; did you mean CONFIRMED?',
  },
  {
    title: "a day in place of a time",
    call: "GET /v1/bookings?startTime=2026-03-01",
    answer: INVALID,
    detail: `startTime: ${TIME}; got "2026-03-01"`,
  },
  {
    title: "a time without its zone",
    call: "GET /v1/bookings?startTime=2026-03-01T09:00:00",
    answer: INVALID,
    detail: `startTime: ${TIME}; got "2026-03-01T09:00:00"`,
  },
  {
    title: "milliseconds since 1970",
    call: "GET /v1/bookings?startTime=1772355600000",
    answer: INVALID,
    detail: `startTime: ${TIME}; got "1772355600000"`,
  },
  {
    title: "a plus that is not escaped",
    call: "GET /v1/bookings?startTime=2026-03-01T09:00:00+01:00",
    answer: INVALID,
    detail: "write + as %2B in a query",
  },
  {
    title: "a parameter twice",
    call: "GET /v1/bookings?status=CONFIRMED&status=EXPIRED",
    answer: INVALID,
    detail: "status: given more than once; send it once",
  },
  {
    title: "a percent sign that is not escaped",
    call: "GET /v1/doctors?query=100%",
    answer: INVALID,
    detail: "Write a literal % as %25.",
  },
  {
    title: "fields of the body in the query",
    call: "POST /v1/bookings?slotId=<slotId>",
    headers: KEY,
    answer: INVALID,
    detail: "slotId: unknown query parameter; send it as a field of the JSON body",
  },

  // --- Token and role ---
  {
    title: "no token",
    call: "GET /v1/users/me",
    as: "nobody",
    answer: UNAUTHENTICATED,
    detail:
      "The access token is missing. Send the header Authorization: Bearer, followed by a token from a login.",
  },
  {
    title: "the token in the query",
    call: "GET /v1/users/me?access_token=<token>",
    as: "nobody",
    answer: UNAUTHENTICATED,
    detail: "The access token is missing.",
  },
  {
    title: "the scheme Token",
    call: "GET /v1/users/me",
    headers: { authorization: "Token <token>" },
    answer: UNAUTHENTICATED,
    detail:
      "The Authorization header has the scheme Token. This API takes Bearer, followed by an access token.",
  },
  {
    title: "e-mail and password as Basic credentials",
    call: "GET /v1/users/me",
    headers: { authorization: "Basic YW5uOnNlY3JldA==" },
    answer: UNAUTHENTICATED,
    detail: "has the scheme Basic",
  },
  {
    title: "a token without a scheme",
    call: "GET /v1/users/me",
    headers: { authorization: "<token>" },
    answer: UNAUTHENTICATED,
    detail: "The Authorization header is malformed. Write Bearer, a space, and the access token.",
  },
  {
    title: "a token in quotes",
    call: "GET /v1/users/me",
    headers: { authorization: 'Bearer "<token>"' },
    answer: UNAUTHENTICATED,
    detail: "The Authorization header is malformed.",
  },
  {
    title: "a token variable without a value",
    call: "GET /v1/users/me",
    headers: { authorization: "Bearer undefined" },
    answer: UNAUTHENTICATED,
    detail: "The access token is malformed. Send the token of the login unchanged, without quotes.",
  },
  {
    title: "the refresh token",
    call: "GET /v1/users/me",
    headers: { authorization: "Bearer <refreshToken>" },
    answer: UNAUTHENTICATED,
    detail: "The access token is malformed.",
  },
  {
    title: "a token that has expired",
    call: "GET /v1/users/me",
    headers: { authorization: "Bearer <expiredToken>" },
    answer: UNAUTHENTICATED,
    detail: "The access token has expired. Get a new one with the refresh token, or log in again.",
  },
  {
    title: "the token of a session that has ended",
    call: "GET /v1/users/me",
    headers: { authorization: "Bearer <revokedToken>" },
    answer: UNAUTHENTICATED,
    detail: "The access token was revoked, because its session has ended. Log in again.",
  },
  {
    title: "a route of admins",
    call: "GET /v1/admin/users",
    answer: [403, "PERMISSION_DENIED"],
    detail: "Your role is PATIENT; this needs ADMIN.",
  },
  {
    title: "a booking by a doctor",
    ...book(BOOKING),
    as: "doctor",
    answer: [403, "PERMISSION_DENIED"],
    detail: "Your role is DOCTOR; this needs PATIENT.",
  },
  {
    title: "a wrong password",
    call: "POST /v1/auth/login",
    as: "nobody",
    body: { email: "nobody@example.org", password: "a wrong password" },
    answer: [401, "INVALID_CREDENTIALS"],
    detail: "E-mail and password do not match an active account.",
  },

  // --- Media type and JSON ---
  {
    title: "curl -d without a content type",
    ...book('{"slotId":"<slotId>"}', { "content-type": "application/x-www-form-urlencoded" }),
    answer: MEDIA_TYPE,
    detail: "sent application/x-www-form-urlencoded; this route takes application/json",
  },
  {
    title: "a text in fetch",
    ...book('{"slotId":"<slotId>"}', { "content-type": "text/plain;charset=UTF-8" }),
    answer: MEDIA_TYPE,
    detail: "sent text/plain;charset=UTF-8; this route takes application/json",
  },
  {
    title: "no content type",
    ...book('{"slotId":"<slotId>"}'),
    answer: MEDIA_TYPE,
    detail: "sent no Content-Type; this route takes application/json",
  },
  {
    title: "a trailing comma",
    ...book('{"reason":"A cough",\n "slotId":1,}', JSON_TYPE),
    answer: MALFORMED,
    detail: "Malformed JSON at line 2, column 12: trailing comma; remove it.",
  },
  {
    title: "single quotes",
    ...book("{'slotId': '<slotId>'}", JSON_TYPE),
    answer: MALFORMED,
    detail: "Malformed JSON at line 1, column 2: single quote or backtick; JSON takes double quotes.",
  },
  {
    title: "names without quotes",
    ...book('{slotId: "<slotId>"}', JSON_TYPE),
    answer: MALFORMED,
    detail: "Malformed JSON at line 1, column 2: unexpected text; names and texts need double quotes.",
  },
  {
    title: "a comment",
    ...book('{"slotId": "<slotId>" // tomorrow\n}', JSON_TYPE),
    answer: MALFORMED,
    detail: "a comment; JSON has none.",
  },
  {
    title: "undefined",
    ...book('{"slotId": undefined}', JSON_TYPE),
    answer: MALFORMED,
    detail: "Malformed JSON at line 1, column 12: undefined is not JSON; leave the field out, or send null.",
  },
  {
    title: "Python's None",
    ...book('{"slotId": None}', JSON_TYPE),
    answer: MALFORMED,
    detail: "JSON writes true, false and null in lower case.",
  },
  {
    title: "a byte order mark",
    ...book('\ufeff{"slotId": "<slotId>"}', JSON_TYPE),
    answer: MALFORMED,
    detail: "Malformed JSON at line 1, column 1: byte order mark; send UTF-8 without it.",
  },
  {
    title: "a body that is cut off",
    ...book('{"slotId": "<slotId>"', JSON_TYPE),
    answer: MALFORMED,
    detail: "the text ends before its closing }.",
  },
  {
    title: "an object turned into text",
    ...book("[object Object]", JSON_TYPE),
    answer: MALFORMED,
    detail: "an object turned into text; send JSON.stringify(body).",
  },
  {
    title: "JSON in JSON",
    ...book(JSON.stringify(JSON.stringify(BOOKING)), JSON_TYPE),
    answer: INVALID,
    detail: "The body must be a JSON object, not an object inside a string; encode it once.",
  },
  {
    title: "a field twice",
    ...book('{"slotId": "<slotId>", "slotId": "<slotId>"}', JSON_TYPE),
    answer: INVALID,
    detail: "slotId: given more than once; send each field once",
  },
  { title: "no body", ...book(""), answer: INVALID, detail: "slotId: must be given" },
  {
    title: "a body in GET",
    call: "GET /v1/users/me",
    body: {},
    answer: INVALID,
    detail: "This route takes no body. Send the request without one.",
  },

  // --- Fields ---
  {
    title: "a field in snake case",
    ...register({ full_name: "Ann" }),
    answer: INVALID,
    detail: "full_name: unknown field; did you mean fullName?",
  },
  {
    title: "a role in lower case",
    ...register({ role: "patient" }),
    answer: INVALID,
    detail: 'role: must be one of PATIENT, DOCTOR; got "patient"; did you mean PATIENT?',
  },
  {
    title: "a short password",
    ...register({ password: "secret" }),
    answer: INVALID,
    detail: "password: must have 12 to 256 characters",
  },
  {
    title: "an e-mail address without a domain",
    ...register({ email: "ann" }),
    answer: INVALID,
    detail: 'email: must be an e-mail address such as ann@example.org; got "ann"',
  },
  {
    title: "a phone number of one country",
    ...patchMe({ phone: "030 123456" }),
    answer: INVALID,
    detail: "phone: must be E.164 such as +4930123456",
  },
  {
    title: "a number in place of a text",
    ...patchMe({ phone: 4930123456 }),
    answer: INVALID,
    detail: "phone: must be a string in quotes",
  },
  {
    title: "a date as a country writes it",
    ...patchMe({ dateOfBirth: "17.05.1980" }),
    answer: INVALID,
    detail: "dateOfBirth: must be a day of the calendar from 1900 to 2200, such as 2026-03-01",
  },
  {
    title: "an update mask with a read-only field",
    ...patchMe({ role: "DOCTOR" }, "?updateMask=role"),
    answer: INVALID,
    detail: "updateMask: `role` is output only; leave it out",
  },

  // --- Idempotency and versions ---
  {
    title: "no idempotency key",
    call: "POST /v1/bookings",
    body: BOOKING,
    answer: [400, "IDEMPOTENCY_KEY_REQUIRED"],
    detail:
      "This method needs an Idempotency-Key. Make a UUID for each action of the user, send it as `Idempotency-Key`",
  },
  {
    title: "the idempotency key in the body",
    ...book({ ...BOOKING, idempotencyKey: "k" }),
    answer: INVALID,
    detail: "idempotencyKey: unknown field; send the header Idempotency-Key",
  },
  {
    title: "an idempotency key for another request",
    ...book({ slotId: "<slotId>", reason: "Another one" }, { "idempotency-key": "<usedKey>" }),
    answer: [422, "IDEMPOTENCY_KEY_REUSED"],
    detail: "The key was used with another request. Make a new key for each new action.",
  },
  {
    title: "the ETag of an old version",
    call: "PATCH /v1/users/me",
    headers: { "if-match": '"<oldEtag>"' },
    body: { phone: "+4930123456" },
    answer: [412, "ETAG_MISMATCH"],
    detail:
      "The resource was changed since it was read. Read the resource again, apply the change to the new version, and send its `ETag`.",
  },
];
