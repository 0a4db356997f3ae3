"""Addresses and free texts without what they say about a person."""

from __future__ import annotations

import time

import pytest

from app.tracking.free_text import without_emails, without_people
from app.tracking.page_url import without_personal

SHOP = "https://loja.example"


@pytest.mark.parametrize(
    "parameter",
    [
        "email=ana%40example.com", "e-mail=x", "E_Mail=x", "customer[email]=x", "customer%5Bemail%5D=x", "phone=1",
        "telefone=1", "fone=1", "tel=1", "celular=1", "whatsapp=1", "name=Ana", "Nome=Ana", "lead.nome=Ana",
        "user[name]=Ana", "firstName=Ana", "last_name=Souza", "nome_completo=Ana", "cpf=1", "cnpj=1", "token=x",
        "access_token=x", "id_token=x", "password=x", "senha=x", "secret=x", "endere%C3%A7o=Rua", "cep=1", "dob=1",
        "data_nascimento=1", "q=ana%40example.com", "q=ana%2540example.com", "q=ana@example.com.br", "ana@example.com",
        "p=%2B5511999999999", "p=+55+11+99999-9999", "p=(11)%2099999-9999", "p=11999999999", "p=5511999999999",
        "p=(11)%203333-4444", "d=123.456.789-09", "next=%2Fok%3Femail%3Dana", "next=/ok?nome=Ana", "state=email%3Dana",
    ],
)  # fmt: skip
def test_personal_parameters_are_left_out(parameter: str) -> None:
    for mark in "?#":
        assert without_personal(f"{SHOP}/a{mark}{parameter}") == f"{SHOP}/a"
        assert without_personal(f"{SHOP}/a{mark}a=1&{parameter}&b=2") == f"{SHOP}/a{mark}a=1&b=2"


@pytest.mark.parametrize(
    "url",
    [
        SHOP,
        f"{SHOP}/p/290714800540320?utm_source=kwai&utm_campaign=natal_2026&utm_id=120210000000000123",
        f"{SHOP}/?fbclid=IwAR0abc_DEF-123&gclid=Cj0KCQ&click_id=abc123xyz",
        f"{SHOP}/?campaign_name=Natal&ad_name=Azul&product_name=Sapato",
        f"{SHOP}/?t=1735689600&order=1000000001&q=%C3%A9+caf%C3%A9&a;b=1",
        f"{SHOP}/checkout?return=/ok%3Fstep%3D2#resumo",
        "android-app://com.loja.app",
        "nem é endereço",
        "https://[::1",
    ],
)
def test_all_else_stays_letter_by_letter(url: str) -> None:
    assert without_personal(url) == url


def test_user_part_and_path_are_cleaned_too() -> None:
    assert without_personal("https://ana:senha@loja.example/u/ana%40example.com/pedido") == f"{SHOP}/u/-/pedido"
    assert without_personal("https://wa.me/5511999999999?text=oi") == "https://wa.me/-?text=oi"
    assert without_personal("escreva para ana@example.com") == "-"


@pytest.mark.parametrize(
    "evil",
    ["?" + "a=?" * 660, "@" * 2000, "a" * 1999 + "@", "?" + "a@&" * 600, "?a=b%3D" * 280, "%25" * 660 + "@",
     "1" * 2000, "1 " * 1000, "a@b." * 500, "?" + "1()" * 600, "?" + "%" * 1999, "?x=" + "a=" * 900, ";" * 2000],
)  # fmt: skip
def test_nothing_takes_long(evil: str) -> None:
    started = time.perf_counter()
    without_personal(evil)
    without_people(evil)
    assert time.perf_counter() - started < 0.1


def test_free_texts_and_ids() -> None:
    assert without_people("Sapato azul 42") == "Sapato azul 42"
    assert without_people("para ana@example.com, (11) 99999-9999") == "para [redacted], [redacted]"
    assert without_emails("ana@example.com-7") == "[redacted]"
    assert without_emails("11999999999") == "11999999999"
