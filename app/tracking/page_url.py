"""The address of a page without what it says about a person, or lets a stranger in with."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote_plus

from app.tracking.free_text import is_email_in, is_suspect

# A parameter's name by its letters alone, accents folded: "e-mail" and "E_Mail" are both "email".
NAMES = frozenset(
    {
        "name", "nome", "surname", "fname", "lname", "fn", "ln", "em", "ph", "mail", "tel", "fone", "whats", "zap",
        "contato", "rg", "doc", "documento", "document", "pass", "pwd", "pw", "key", "auth", "code", "otp", "jwt",
        "sid", "session", "sessionid", "sessao", "user", "usuario", "login", "address", "endereco", "rua", "cep",
        "zip", "zipcode", "postalcode", "birth", "birthday", "birthdate", "dob", "dateofbirth",
    }
)  # fmt: skip
PARTS = re.compile(
    r"email|phone|telefone|celular|mobile|whatsapp|senha|passw|secret|token|cpf|cnpj|apikey|signature|usernam|"
    r"firstname|lastname|fullname|sobrenome|primeironome|nomecompleto|nascimento|"
    r"(?:customer|client|buyer|lead)name|nome(?:do|da)?(?:cliente|comprador|usuario)|(?:cliente|comprador|usuario)nome"
)
PHONE = re.compile(r"\+\d{8,15}|0?(?:55)?[1-9][1-9]9\d{8}")  # without its punctuation
LANDLINE = re.compile(r"0?(?:55)?[1-9][1-9][2-5]\d{7}")  # only with some: times and ids have ten digits too
PUNCTUATION = re.compile(r"[\s().-]")
CPF = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
PIECE_ENDS = re.compile(r"([&;])")
WORD = re.compile("[a-z]+")
LONGEST_NAME = 100
DEEPEST = 3  # addresses inside addresses that are looked into; what nests deeper is left out


def without_personal(url: str, depth: int = 0) -> str:
    """The address without its user part and without parameters (of query and fragment) whose name is a person's detail
    or a secret, or whose value looks like an e-mail address, phone or CPF; such a part of the path becomes `-`. All
    else stays letter by letter. Any text will do: it need not be an address."""
    if not any(mark in url for mark in "?#@") and not is_suspect(url):
        return url
    rest, hash_, fragment = url.partition("#")
    page, mark, query = rest.partition("?")
    query, fragment = _kept(query, depth), _kept(fragment, depth)
    return _page(page) + (mark + query if query else "") + (hash_ + fragment if fragment else "")


def _page(page: str) -> str:
    scheme, slashes, after = page.partition("//")
    if not slashes:
        return _path(page)
    host, slash, path = after.partition("/")
    return scheme + slashes + host.rpartition("@")[2] + slash + _path(path)


def _path(path: str) -> str:
    return "/".join("-" if is_personal(segment) else segment for segment in path.split("/"))


def _kept(parameters: str, depth: int) -> str:
    """`a=1&email=x&b=2` without the middle one."""
    kept = ""
    pieces = PIECE_ENDS.split(parameters)  # piece, separator, piece, …
    for index in range(0, len(pieces), 2):
        if _may_stay(pieces[index], depth):
            kept += (pieces[index - 1] if kept else "") + pieces[index]
    return kept


def _may_stay(piece: str, depth: int) -> bool:
    name, equals, value = piece.partition("=")
    if not equals:
        return not is_personal(name)
    if names_personal(name[:LONGEST_NAME]) or is_personal(value):
        return False
    inner = unquote_plus(value)
    if "=" not in inner:
        return True
    parameters = inner if "?" in inner or "#" in inner else f"?{inner}"  # `next=/ok?email=…`, `state=email=…`
    return depth < DEEPEST and without_personal(parameters, depth + 1) == parameters


@lru_cache(2048)
def names_personal(name: str) -> bool:
    """Whether a parameter of this name (`customer[email]`, `Nome`, `access_token`) says something about a person, or is
    a secret."""
    text = unicodedata.normalize("NFKD", unquote_plus(unquote_plus(name)).lower())
    letters = "".join(letter for letter in text if "a" <= letter <= "z")
    if letters in NAMES or PARTS.search(letters):
        return True
    words = WORD.findall(text)  # of `lead[nome]` and `user.name` the last one counts
    return len(words) > 1 and ("[" in text or "." in text) and words[-1] in NAMES


def is_personal(value: str) -> bool:
    """Whether a part of an address, encoded as it stands there, looks like an e-mail address, a phone or a CPF."""
    if not is_suspect(value):
        return False
    text = unquote_plus(unquote_plus(value))  # twice, as links inside links are encoded
    if is_email_in(text) or CPF.search(text):
        return True
    return any(map(_is_phone, (text.strip(), value)))  # a plus sign is a blank to one reader and itself to another


def _is_phone(text: str) -> bool:
    digits = PUNCTUATION.sub("", text)
    return bool(PHONE.fullmatch(digits)) or (digits != text and bool(LANDLINE.fullmatch(digits)))
