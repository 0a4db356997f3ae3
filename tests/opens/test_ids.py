"""The id of an e-mail: what becomes of what people and templates put there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.opens.ids import MAX_LENGTH, Ref, clean, is_unrendered

UNRENDERED = (
    "{{id}}", "{{ id_fatura }}", "{{{id}}}", "{{contact.id|default:''}}", "FAT-{{id}}", "{{id}}-2024",  # Handlebars, …
    "{%ID%}", "{% id %}", "FAT{%= id %}",  # Liquid, Phrase
    "${id}", "${fatura.id}", "FAT-${id}",  # JavaScript, JSP
    "<%= id %>", "<%id%>",  # ERB
    "*|ID|*", "*|MERGE1|*", "FAT*|ID|*",  # Mailchimp
    "%%id%%", "%%=v(@id)=%%", "FAT%%id%%",  # Marketing Cloud
    "%ID%", "%id_fatura%", "%recipient.id%",  # ActiveCampaign, Mailgun
    "[ID]", "[[id]]", "[ID FATURA]", "[contactfield=id]", "[]", "%%",
    "$[ID]$", "$[LEAD:ID]$", "{!Contact.Id}",  # Zoho, Salesforce
    "{id}", "{$id}", "{ID_FATURA}", "{contact.id}", "{contactfield=id}",
    "#ID#", "##ID##", "##id_fatura##",
)  # fmt: skip
TRUE_IDS = (
    "FAT001", "2024/001", "FAT 001", "001-A", "a_b.c~d", "50%", "100%", "5% off 10%", "%", "#12", "#", "12#34",
    "{2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d}", "{}", "{1}", "[1", "1]", "a[b]c", "$100", "R$ 10", "<b>", "a<b>c",
    "*", "**", "*|*", "{{", "}}", "{ {id} }", "fatura[1]", "ção-é-ü", "日本", "😀", "-1", "=1+1", "@x", "'; DROP TABLE",
    "https://x.example/?a=1", "{a", "a}", "FAT{1}", "%20", "10%20", "x%ID", "ID%", "$", "$id", "<%", "%>", "#1#2",
)  # fmt: skip


@pytest.mark.parametrize("text", UNRENDERED)
def test_a_template_that_was_not_rendered_is_known(text: str) -> None:
    assert is_unrendered(text)
    assert clean(f"  {text} ") == Ref(text, False, True)


@pytest.mark.parametrize("text", TRUE_IDS)
def test_an_id_is_not_taken_for_a_template(text: str) -> None:
    assert clean(text) == Ref(text)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", ""),
        ("   ", ""),
        ("\t\r\n", ""),
        ("\x00", ""),
        ("\u3000\u2003", ""),  # spaces of other scripts
        ("  FAT001\n", "FAT001"),
        ("FAT\x00001", "FAT001"),
        ("FAT\x1b[31m001\x7f", "FAT[31m001"),
        ("a\x85\x9fb", "ab"),
        ("cafe\u0301", "café"),  # composed
        ("\ud800FAT", "FAT"),  # half a character
        ("FAT\ufffd", "FAT\ufffd"),  # bytes that were no UTF-8
        ("A" * 255, "A" * 255),
    ],
)
def test_an_id_is_stored_clean(given: str, stored: str) -> None:
    assert clean(given) == Ref(stored)


@pytest.mark.parametrize("given", ["A" * 256, "é" * 300, "e\u0301" * 300, "A" * 100_000, "😀" * 256])
def test_a_long_id_is_cut_and_marked(given: str) -> None:
    ref = clean(given)

    assert (len(ref.text), ref.is_cut, ref.is_unrendered) == (MAX_LENGTH, True, False)
    assert unicodedata.normalize("NFC", given).startswith(ref.text)


@example("{" * 4096)
@example("%a" * 2048)
@example("[" * 2000 + "]" * 2000)
@example("{{" + "}" * 255)
@given(st.text(max_size=400))
def test_anything_becomes_something_that_both_databases_keep(text: str) -> None:
    ref = clean(text)

    assert len(ref.text) <= MAX_LENGTH
    assert "\x00" not in ref.text
    assert ref.text.encode() == ref.text.encode("utf-8", "replace")  # no half characters
    assert not any(unicodedata.category(each) == "Cc" for each in ref.text)
    assert not (ref.text and not ref.text.strip())
