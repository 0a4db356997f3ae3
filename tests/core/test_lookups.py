"""What a process remembers when the database is away."""

from app.core.lookups import Table


def test_without_the_database_what_the_last_clearing_took_is_recalled_until_it_is_known_to_be_gone():
    table = Table[str]()
    table.get("logo", False, lambda: "image")
    table.clear()
    table.clear()

    assert (table.peek("logo"), table.recall("logo")) == (None, "image")
    assert table.get("logo", False, lambda: None) is None
    assert table.recall("logo") is None
