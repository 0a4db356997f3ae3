"""Phone numbers: one form for each, as digits with the country's code."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

# Nearly every phone here is one: seen at once, where the numbering tables take 30 µs. Area codes as in those tables.
BRAZILIAN_MOBILE = re.compile(r"(?:55)?((?:[14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-579])9[0-9]{8})")


def phone_digits(text: str, default_country: str = "55") -> str | None:
    """Country code and number, digits only, without plus or leading zeros (Meta's form; Google and TikTok put a plus
    before it). A number valid in the default country is national; digits that only make sense with their own country
    code keep it. None for what no numbering plan allows."""
    digits = re.sub(r"[^0-9]", "", text)
    if not 5 <= len(digits.lstrip("0")) <= 20:
        return None
    has_plus = "+" in text[: text.index(digits[0])]
    mobile = BRAZILIAN_MOBILE.fullmatch(digits)
    if mobile and (len(digits) == 13 if has_plus else default_country == "55"):
        return f"55{mobile[1]}"
    readings: list[tuple[str, str | None]] = [(f"+{digits.lstrip('0')}", None)]
    if not has_plus and not digits.startswith("00"):
        readings.insert(0, (digits, _region(default_country)))
    numbers = [_parsed(*reading) for reading in readings]
    good = next((number for number in numbers if number and phonenumbers.is_valid_number(number)), None)
    if good is None and numbers[0] and _is_possible(numbers[0]):
        good = numbers[0]
    return phonenumbers.format_number(good, PhoneNumberFormat.E164).removeprefix("+") if good else None


def _region(country: str) -> str | None:
    known = country.isascii() and country.isdigit() and len(country) <= 3
    return phonenumbers.region_code_for_country_code(int(country)) if known else None


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _is_possible(number: PhoneNumber) -> bool:
    # numbering plans grow before the tables do; but without an area code (local only) a number names nobody
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return bool(reason == ValidationResult.IS_POSSIBLE)
