"""Names of states and countries, in Portuguese, English or Spanish, to their two-letter codes."""

from __future__ import annotations

import unicodedata
from functools import cache

from babel import Locale
from babel.core import get_global

BRAZIL = {
    "acre": "ac", "alagoas": "al", "amapa": "ap", "amazonas": "am", "bahia": "ba", "ceara": "ce",
    "distritofederal": "df", "espiritosanto": "es", "goias": "go", "maranhao": "ma", "matogrosso": "mt",
    "matogrossodosul": "ms", "minasgerais": "mg", "para": "pa", "paraiba": "pb", "parana": "pr", "pernambuco": "pe",
    "piaui": "pi", "riodejaneiro": "rj", "riograndedonorte": "rn", "riograndedosul": "rs", "rondonia": "ro",
    "roraima": "rr", "santacatarina": "sc", "saopaulo": "sp", "sergipe": "se", "tocantins": "to",
}  # fmt: skip
UNITED_STATES = {
    "alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co",
    "connecticut": "ct", "delaware": "de", "districtofcolumbia": "dc", "florida": "fl", "georgia": "ga",
    "hawaii": "hi", "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia", "kansas": "ks", "kentucky": "ky",
    "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma", "michigan": "mi", "minnesota": "mn",
    "mississippi": "ms", "missouri": "mo", "montana": "mt", "nebraska": "ne", "nevada": "nv", "newhampshire": "nh",
    "newjersey": "nj", "newmexico": "nm", "newyork": "ny", "northcarolina": "nc", "northdakota": "nd", "ohio": "oh",
    "oklahoma": "ok", "oregon": "or", "pennsylvania": "pa", "rhodeisland": "ri", "southcarolina": "sc",
    "southdakota": "sd", "tennessee": "tn", "texas": "tx", "utah": "ut", "vermont": "vt", "virginia": "va",
    "washington": "wa", "westvirginia": "wv", "wisconsin": "wi", "wyoming": "wy",
}  # fmt: skip
STATES = UNITED_STATES | BRAZIL
STATE_CODES = frozenset(STATES.values())
# What the locale tables lack: how people write it.
COUNTRY_NAMES = {
    "uk": "gb", "inglaterra": "gb", "england": "gb", "escocia": "gb", "scotland": "gb", "granbretana": "gb",
    "grabretanha": "gb", "eua": "us", "eeuu": "us", "estadosunidosdaamerica": "us", "unitedstatesofamerica": "us",
    "america": "us", "republicafederativadobrasil": "br", "holanda": "nl", "holland": "nl",
}  # fmt: skip
NOT_COUNTRIES = frozenset(  # regions and test entries of the locale tables
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ")
)


def state(text: str) -> str | None:
    """The two-letter code, lower case, of a Brazilian or US state given by name or code ("BR-SP" too); any other
    two-letter code as it is; else None (cutting a name to two letters, as Meta's library does, makes "so" of SP)."""
    folded = _folded(text)
    for prefix in ("estadodo", "estadoda", "estadode", "stateof"):
        folded = folded.removeprefix(prefix)
    if len(folded) == 4 and folded[:2] in ("br", "us") and folded[2:] in STATE_CODES:
        folded = folded[2:]
    return folded if len(folded) == 2 else STATES.get(folded)


def country(text: str) -> str | None:
    """ISO 3166 alpha-2, lower case, from that code, alpha-3, or a name; None when unknown."""
    return _countries().get(_folded(text))


@cache
def _countries() -> dict[str, str]:
    codes = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()} - NOT_COUNTRIES
    found = {_folded(spelling): code for spelling, code in COUNTRY_NAMES.items()}
    for language in ("pt", "en", "es"):
        for code, spelling in Locale(language).territories.items():
            if code in codes:
                found.setdefault(_folded(spelling), code.lower())
    for alias, short in get_global("territory_aliases").items():
        long_code = str(alias)
        if len(long_code) == 3 and long_code.isalpha() and len(short) == 1 and short[0] in codes:
            found.setdefault(long_code.lower(), short[0].lower())
    return found | {code.lower(): code.lower() for code in codes}


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(letter for letter in plain if "a" <= letter <= "z")
