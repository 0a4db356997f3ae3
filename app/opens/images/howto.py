"""How the tag of an image is put into mails: each tool's own variable, and how to sign links."""

from __future__ import annotations

from typing import NamedTuple

from app.opens.images.addresses import Addresses


class Tool(NamedTuple):
    """`placeholder` is what the tool fills in for each recipient, with a field named after the invoice."""

    name: str
    placeholder: str


TOOLS = (
    # Fields of the contact, as the tools' own documentation writes them; a tag of Mailchimp has at most ten characters.
    Tool("Mailchimp", "*|FATURA|*"),
    Tool("Brevo", "{{ contact.FATURA }}"),
    Tool("ActiveCampaign", "%FATURA%"),
    Tool("HubSpot", "{{ contact.fatura }}"),
    Tool("SendGrid", "{{fatura}}"),
    Tool("Salesforce Marketing Cloud", "%%Fatura%%"),
    Tool("Mautic", "{contactfield=fatura}"),
    Tool("MailerLite", "{$fatura}"),
)
CODE = (
    Tool("Laravel (Blade)", "{{ urlencode($fatura->id) }}"),
    Tool("PHP", "<?= rawurlencode($fatura['id']) ?>"),
    Tool("Django", "{{ fatura.id|urlencode:'' }}"),
    Tool("Jinja", "{{ fatura.id|urlencode }}"),
)


class Recipe(NamedTuple):
    name: str
    key: str  # of the element's id
    text: str


def tags(addresses: Addresses, file: str) -> list[Recipe]:
    """The tag for each tool and template language."""
    return [
        Recipe(tool.name, f"tool-{number}", addresses.tag(file, tool.placeholder))
        for number, tool in enumerate((*TOOLS, *CODE))
    ]


def samples(addresses: Addresses, file: str) -> list[Recipe]:
    """How to sign a link, in three languages. The id is trimmed, and composed (NFC) where it has accents, as the
    route reads it (`app/opens/ids.py`)."""
    base = addresses.plain(file)
    base += "&" if "?" in base else "?"
    return [
        Recipe("Python", "sign-python", PYTHON.format(file=file, base=base)),
        Recipe("PHP", "sign-php", PHP.format(file=file, base=base)),
        Recipe("Node.js", "sign-node", NODE.format(file=file, base=base)),
    ]


PYTHON = """\
import hashlib, hmac, os
from urllib.parse import quote

key = bytes.fromhex(os.environ["KALITRACK_SIGNING_KEY"])
id_fatura = "FAT001"
signature = hmac.new(key, f"{file}|{{id_fatura}}".encode(), hashlib.sha256).hexdigest()[:16]
url = f"{base}id_fatura={{quote(id_fatura, safe='')}}&s={{signature}}"
"""
PHP = """\
$key = hex2bin(getenv('KALITRACK_SIGNING_KEY'));
$id_fatura = 'FAT001';
$signature = substr(hash_hmac('sha256', "{file}|$id_fatura", $key), 0, 16);
$url = '{base}id_fatura=' . rawurlencode($id_fatura) . "&s=$signature";
"""
NODE = """\
const crypto = require("node:crypto");

const key = Buffer.from(process.env.KALITRACK_SIGNING_KEY, "hex");
const idFatura = "FAT001";
const signature = crypto.createHmac("sha256", key).update(`{file}|${{idFatura}}`).digest("hex").slice(0, 16);
const url = `{base}id_fatura=${{encodeURIComponent(idFatura)}}&s=${{signature}}`;
"""
