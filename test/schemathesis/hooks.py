"""Accounts of the requests, and findings that are none. Schemathesis loads this file (schemathesis.toml)."""

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import requests
import schemathesis
from hypothesis import strategies as st
from requests.auth import HTTPBasicAuth
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

CAST = json.loads(Path("cast.json").read_text())
ACCESS_TOKEN_USED_FOR_S = 240  # of the five minutes for which it is valid


class Session:
    """Access tokens of an account. Signs in again only if the session has ended, because a login costs 100 ms."""

    account: str
    refresh_token = None

    def get(self, case, context):
        if self.refresh_token is not None:
            body = {"refreshToken": self.refresh_token}
            answer = requests.post(f"{CAST['url']}/v1/auth/token/refresh", json=body)
            if answer.ok:
                return self.keep(answer.json())
        body = {"email": CAST["emails"][self.account], "password": CAST["password"]}
        answer = requests.post(f"{CAST['url']}/v1/auth/login", json=body)
        answer.raise_for_status()
        return self.keep(answer.json()["tokens"])

    def keep(self, tokens):
        self.refresh_token = tokens["refreshToken"]
        return tokens["accessToken"]

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"


def session(**options):
    return schemathesis.auth(refresh_interval=ACCESS_TOKEN_USED_FOR_S, **options)


def is_public(context):
    return context.operation.definition.raw.get("security") == []


@session().apply_to(operation_id=["deleteSession", "listSessions", "logout"])
class Leaving(Session):
    account = "leaving"


# A wrong password is 401, too, so that status does not mean that the token has expired.
@session(retry_on=[]).apply_to(
    operation_id=["activateTotp", "changePassword", "disableTotp", "regenerateRecoveryCodes", "setUpTotp"]
)
class Changing(Session):
    account = "changing"


CLIENT = HTTPBasicAuth(CAST["serviceAccount"]["id"], CAST["serviceAccount"]["secret"])
schemathesis.auth.set_from_requests(CLIENT).apply_to(operation_id="issueToken")


@session().skip_for(is_public)
class Main(Session):
    account = "main"


def times(earliest, latest):
    moments = st.datetimes(earliest, latest, timezones=st.just(timezone.utc))
    return moments.map(lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


# Times lie in the years 1900 to 2200 with at most three decimals, as the introduction of the document says. Those of
# the next days are valid for slots.
NOW = datetime.now(timezone.utc).replace(tzinfo=None)
SOON = times(NOW, NOW + timedelta(days=30))
schemathesis.openapi.format("date-time", st.one_of(SOON, times(datetime(1900, 1, 1), datetime(2200, 12, 31))))
DATES = st.dates(datetime(1900, 1, 1).date(), datetime(2200, 12, 31).date())
schemathesis.openapi.format("date", DATES.map(str))


@schemathesis.hook
def filter_case(context, case):
    """Keeps the run's accounts: an admin must not disable them."""
    ids = map(str, (case.path_parameters or {}).values())
    return set(ids).isdisjoint(CAST["accountIds"])


@schemathesis.hook
def map_case(context, case):
    """Lets the coverage phase update any version: it takes the shortest valid tag, which is none that exists."""
    is_negated = case.meta.is_negative_at(ParameterLocation.HEADER)
    if case.meta.phase.name == TestPhase.COVERAGE and "If-Match" in case.headers and not is_negated:
        case.headers["If-Match"] = "*"
    return case


# Reasons of refusals that say nothing about the form of the data.
BUSINESS_REASONS = {
    "IDEMPOTENCY_KEY_REUSED",  # by another request that has the same generated key
    "INVALID_LINK_TOKEN",  # only a mail has a valid one
    "INVALID_PAGE_TOKEN",  # only the answer to the same list has a valid one
    "INVALID_SIGNATURE",  # only the payment provider can sign
    "WEAK_PASSWORD",  # zxcvbn decides
}
# Rules that JSON Schema cannot say, or not as readers and generators of clients understand it.
RULES_IN_WORDS = [
    # Text: the introduction of the document says it once for all fields.
    "must not have the invisible character",
    "must contain a visible character",
    "must have 8 different visible characters",
    # Registries, which are too long for the document, and change.
    "must be an ISO 3166-1 alpha-2 or ISO 3166-2 code",
    "must be a language tag of BCP 47",
    "must be an active currency of ISO 4217",
    "must be an IANA time zone",
    "must have a domain that is valid in the DNS",
    "is not a scope",
    "unknown field",  # of a resource, in an update mask
    # Time: a comparison with now, with another field, or with a range.
    "must lie in the future",
    "must not be in the past",
    "must not be before the start of the range",
    "must be 5 minutes to 12 hours after the start",
    r"must be at most \d+ days after",
    "`startTime` and `endTime` must be at most 62 days apart",
    r"must be a duration from \d+s to \d+s",
    # Schedules: whole minutes, and hours, days and journeys that do not overlap.
    "must be whole minutes",
    "must be after the start",
    "must not be before the (first day|start)",
    "must not overlap other hours of the day",
    "must not have an override already",
    "must not lie within another journey",
    # Other fields: members of a key by its type (RFC 7518), and items that are equal in their canonical form.
    r"must (not )?be given for the type",
    "must be .* for the type",
    "must differ from those of the other keys",
    "must not have an item twice",
    # The caller: an admin reads the records of one patient only.
    "must be given by an admin",
]
MORE = "There are more violations than this answer lists."


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops refusals of valid data (ST202) by rules in words, and accepted data (ST201) that reads as valid."""
    if failure.code == "ST202":
        return not is_refused_by_words(response.json(), case)
    if failure.code == "ST201":
        return not reads_as_valid(case)
    return True


def is_refused_by_words(problem, case):
    if problem.get("reason") in BUSINESS_REASONS:
        return True
    rules = {error["description"] for error in problem.get("errors", [])} - {MORE}
    # A text of white space alone is trimmed to an empty one.
    if any(isinstance(value, str) and value.strip() == "" for value in values_in(case.body)):
        rules.discard("must be given")
    return "errors" in problem and all(any(re.match(each, rule) for each in RULES_IN_WORDS) for rule in rules)


def reads_as_valid(case):
    """True if a value counts as absent or is trimmed, as the introduction of the document says. An empty parameter of
    a form is absent (RFC 6749 §3.2)."""
    is_form = case.media_type == "application/x-www-form-urlencoded"
    return any(value == "" for value in (case.query or {}).values()) or any(
        value is None or (value == "" and is_form) or (isinstance(value, str) and value != value.strip())
        for value in values_in(case.body)
    )


def values_in(json_value):
    if isinstance(json_value, dict):
        for each in json_value.values():
            yield from values_in(each)
    elif isinstance(json_value, list):
        for each in json_value:
            yield from values_in(each)
    else:
        yield json_value
