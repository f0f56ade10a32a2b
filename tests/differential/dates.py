"""Dates as documents write them, read without the program's own code."""

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:(?:[Tt]|\s)\s*(\d\d):?(\d\d)(?::?(\d\d)([.,]\d+)?)?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?"
)
RFC822 = re.compile(r"(?:[A-Za-z]{3,9},\s*)?\d{1,2}\s+[A-Za-z]{3}\s+(\d{4}|\d\d)\s+\d\d?:\d\d(:\d\d)?\s+([A-Za-z]+|[+-]\d{4})")


# Words of other languages in the dates of feeds.
WORDS = {"ven.": "Fri", "janv.": "Jan"}
MONTH = re.compile(r"\d{4}-\d\d")


def moment(value: str, utc=False, partial=False):
    """The moment that a date and time names, in UTC; None when it is none. `utc`: a day alone, and what has no zone, is one.
    `partial`: so is a month, which is its first day."""
    value = re.sub("[a-z]+[.]", lambda word: WORDS.get(word.group(), word.group()), value.strip())
    if partial and MONTH.fullmatch(value):
        value += "-01"
    try:
        match = ISO.fullmatch(value)
        if match and (utc or (match[4] and match[8])):
            return iso(match)
        if RFC822.fullmatch(value):
            read = parsedate_to_datetime(value)
            return None if read.tzinfo is None else read.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        pass
    return None


def iso(match):
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = timedelta()
    if zone and zone not in "Zz":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    micro = int((fraction or ".0")[1:7].ljust(6, "0"))
    local = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)
    return (local - offset).replace(tzinfo=timezone.utc)
