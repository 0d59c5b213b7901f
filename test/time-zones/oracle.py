"""Starts of slots of half an hour on the days around each change of the clocks, by Python's zoneinfo.

Reads the names of time zones, one a line, and prints one JSON object:
{"version": "2026c", "zones": {name: {"starts": {date: [...]}, "offsets": {time: offset}}}}.
Times are in seconds since 1970, offsets of UTC in seconds.
"""

import json
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

FIRST, LAST = date(2020, 1, 1), date(2035, 12, 31)
LENGTH = timedelta(minutes=30)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def version():
    for folder in zoneinfo.TZPATH:
        file = Path(folder, "tzdata.zi")
        if file.exists():
            return file.read_text().split("\n", 1)[0].removeprefix("# version ")
    return "unknown"


def days_of_changes(zone):
    """The days on which the offset of UTC changes, and the days before and after."""
    found = set()
    day = FIRST
    before = datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()
    while day <= LAST:
        following = day + DAY
        after = datetime(following.year, following.month, following.day, tzinfo=zone).utcoffset()
        if after != before:
            found |= {day - DAY, day, following}
        day, before = following, after
    return sorted(found)


def starts(zone, day):
    wall = datetime(day.year, day.month, day.day)
    result, free_from = [], None
    while wall.date() == day:
        start = wall.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
        is_shown = start.astimezone(zone).replace(tzinfo=None) == wall
        if is_shown and (free_from is None or start >= free_from):
            result.append(int(start.timestamp()))
            free_from = start + LENGTH
        wall += LENGTH
    return result


def offsets(zone, days):
    """The offset at noon UTC of the first day, and at the hours before and after each change."""
    result = {}

    def add(time):
        result[int(time.timestamp())] = int(time.astimezone(zone).utcoffset().total_seconds())

    add(datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=timezone.utc))
    for day in days:
        # The day of the zone begins up to 14 hours before that of UTC, and ends up to 12 hours after it.
        start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - timedelta(hours=14)
        for hours in range(50):
            time = start + timedelta(hours=hours)
            if time.astimezone(zone).utcoffset() != (time + HOUR).astimezone(zone).utcoffset():
                add(time)
                add(time + HOUR)
    return result


def rules_of(name):
    zone = zoneinfo.ZoneInfo(name)
    days = days_of_changes(zone)
    return {"starts": {str(day): starts(zone, day) for day in days}, "offsets": offsets(zone, days)}


names = sys.stdin.read().split()
available = zoneinfo.available_timezones()
zones = {name: rules_of(name) for name in names if name in available}
json.dump({"version": version(), "zones": zones}, sys.stdout)
