"""Normal forms of people: known-good tables, and what holds for any text."""

from __future__ import annotations

import re
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.phones import BRAZILIAN_MOBILE, phone_digits
from app.destinations import people, places
from app.destinations.people import birth_date, city, digest, digests, email, external_id, gender, name
from app.destinations.people import postal_code as cep
from app.destinations.places import country, state
from tests.destinations.builders import hashed

Normal = Callable[[str], str | None]
NORMALS = [email, phone_digits, name, city, state, cep, country, gender, birth_date, external_id]

FORMS: list[tuple[Normal, str, str | None]] = [
    (email, " Ana.Silva+promo@Example.COM ", "ana.silva+promo@example.com"),
    (email, "ana@mail.example.com.br", "ana@mail.example.com.br"),
    (email, "ana@example.xn--p1ai", "ana@example.xn--p1ai"),
    (email, "ana@localhost", None),
    (email, "ana silva@example.com", None),
    (email, "ana@@example.com", None),
    (email, ".ana@example.com", None),
    (email, "a..b@example.com", None),
    (email, "ana@-example.com", None),
    (email, "ana@example.c", None),
    (email, "ana@10.0.0.1", None),
    (email, "@example.com", None),
    (email, "{{email}}", None),
    (phone_digits, "+55 11 99999-9999", "5511999999999"),
    (phone_digits, "5511999999999", "5511999999999"),
    (phone_digits, "(11) 99999-9999", "5511999999999"),
    (phone_digits, "011 99999-9999", "5511999999999"),
    (phone_digits, "0 15 11 99999-9999", "5511999999999"),
    (phone_digits, "0055 11 99999-9999", "5511999999999"),
    (phone_digits, "+55 (011) 99999-9999", "5511999999999"),
    (phone_digits, "tel:+5511999999999", "5511999999999"),
    (phone_digits, "5511999999999@c.us", "5511999999999"),
    (phone_digits, "(11) 3333-4444", "551133334444"),
    (phone_digits, "55 99999-9999", "5555999999999"),  # area code 55, Santa Maria: not a country code
    (phone_digits, "+1 (202) 555-0123", "12025550123"),
    (phone_digits, "351912345678", "351912345678"),
    (phone_digits, "447911123456", "447911123456"),
    (phone_digits, "99999-9999", None),
    (phone_digits, "+0000000000", None),
    (phone_digits, "0", None),
    (phone_digits, "not a phone", None),
    (phone_digits, "9" * 40, None),
    (name, " José María ", "josémaría"),
    (name, "O'Connor", "oconnor"),
    (name, "O’Connor", "oconnor"),
    (name, "Jose\u0301", "josé"),
    (name, "Мария", "мария"),
    (name, "---", None),
    (city, "São Paulo", "sãopaulo"),
    (city, "Mogi-Guaçu 2", "mogiguaçu"),
    (city, "123", None),
    (state, "SP", "sp"),
    (state, "São Paulo", "sp"),
    (state, "sao paulo", "sp"),
    (state, "Estado de São Paulo", "sp"),
    (state, "Estado do Rio de Janeiro", "rj"),
    (state, "BR-MG", "mg"),
    (state, "Pará", "pa"),
    (state, "Paraná", "pr"),
    (state, "Mato Grosso do Sul", "ms"),
    (state, "California", "ca"),
    (state, "US-NY", "ny"),
    (state, "Atlantis", None),
    (cep, "01310-100", "01310100"),
    (cep, "01.310-100", "01310100"),
    (cep, "94035-1234", "94035"),
    (cep, "SW1A 1AA", "sw1a1aa"),
    (cep, "-", None),
    (country, "Brasil", "br"),
    (country, "BR", "br"),
    (country, "bra", "br"),
    (country, "Brazil", "br"),
    (country, "U.K.", "gb"),
    (country, "EUA", "us"),
    (country, "Estados Unidos", "us"),
    (country, "Germany", "de"),
    (country, "España", "es"),
    (country, "zz", None),
    (country, "Atlantis", None),
    (gender, "M", "m"),
    (gender, "Feminino", "f"),
    (gender, "Mulher", "f"),
    (gender, "x", None),
    (birth_date, "1995-03-05", "19950305"),
    (birth_date, "19950305", "19950305"),
    (birth_date, "1995-03-05T00:00:00Z", "19950305"),
    (birth_date, "05/03/1995", "19950305"),
    (birth_date, "5.3.1995", "19950305"),
    (birth_date, "31/02/1995", None),
    (birth_date, "03/25/1995", None),
    (birth_date, "0000-00-00", None),
    (birth_date, "05/03/95", None),
    (external_id, " User 123 ", "user123"),
]


@pytest.mark.parametrize(("normal", "given_text", "expected"), FORMS)
def test_a_field_has_one_normal_form(normal: Normal, given_text: str, expected: str | None) -> None:
    assert normal(given_text) == expected
    assert digest(given_text, normal) == (hashed(expected) if expected else None)


@pytest.mark.parametrize(("text", "code"), [*places.BRAZIL.items(), *places.UNITED_STATES.items()])
def test_every_state_name_has_its_code(text: str, code: str) -> None:
    assert state(text.upper()) == code
    assert state(code.upper()) == code


def test_there_are_27_brazilian_states_and_51_american_ones() -> None:
    assert len(set(places.BRAZIL.values())) == 27
    assert len(set(places.UNITED_STATES.values())) == 51


def test_another_default_country_reads_national_phones_and_dates_its_own_way() -> None:
    assert phone_digits("(202) 555-0123", "1") == "12025550123"
    assert phone_digits("912 345 678", "351") == "351912345678"
    assert phone_digits("(11) 99999-9999", "not a code") is None
    assert birth_date("03/25/1995", "1") == "19950325"


def test_values_of_a_list_are_hashed_once_each_and_empty_ones_left_out() -> None:
    assert digests(["u1", None, "", "U1 ", "u2", hashed("u2").upper()], external_id) == [hashed("u1"), hashed("u2")]


@given(st.sampled_from(NORMALS), st.text(max_size=600))
def test_any_text_is_hashed_in_a_normal_form_or_left_out(normal: Normal, text: str) -> None:
    found = digest(text, normal)
    assert found is None or re.fullmatch("[0-9a-f]{64}", found)
    assert found != hashed("")


@given(st.sampled_from(NORMALS[:-1]), st.text(alphabet=" \t\n-.()'\u200b\u3000", max_size=40))
def test_blanks_and_punctuation_are_never_hashed(normal: Normal, text: str) -> None:
    assert digest(text, normal) is None


@given(st.sampled_from(NORMALS), st.text(max_size=80))
def test_a_hash_passes_as_it_is(normal: Normal, text: str) -> None:
    known = hashed(text)
    assert digest(f" {known.upper()} ", normal) == known


@given(st.sampled_from([email, name, city, state, cep, country, gender, birth_date, external_id]), st.text(max_size=80))
def test_a_normal_form_is_its_own_normal_form(normal: Normal, text: str) -> None:
    once = normal(text)
    assert once is None or normal(once) == once


@given(st.from_regex(BRAZILIAN_MOBILE, fullmatch=True))
def test_the_short_cut_for_mobiles_agrees_with_the_numbering_tables(text: str) -> None:
    read = phonenumbers.parse(text, "BR")
    assert phonenumbers.is_valid_number(read)
    assert phone_digits(text) == f"{read.country_code}{read.national_number}"


@given(st.text(alphabet="+0123456789 ()-", max_size=30))
def test_a_phone_is_digits_without_a_leading_zero(text: str) -> None:
    found = phone_digits(text)
    assert found is None or re.fullmatch("[1-9][0-9]{5,16}", found)


def test_absurdly_long_input_is_left_out() -> None:
    for normal in NORMALS:
        assert digest("a@" + "a" * people.MAX_INPUT + ".com", normal) is None
