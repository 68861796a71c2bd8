"""Maltrail's lists and the canonical forms of what stands in them, read a second time: by docs/reference/canonical.md and
docs/reference/feeds.md, with none of the program's code, tables or libraries."""

import base64
import functools
import hashlib
import ipaddress
import pathlib
import re
import urllib.parse

import idna

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
NAME = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?:[a-z]{2,63}|xn--[a-z0-9_-]*[a-z0-9_])\Z")
PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}  # read as browsers do
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
PATH, QUERY = b"!$&'()*+,;=:@/", b"!$&()*+,;=:@/?"
# Endings of files among the last labels of maltrail's names, that no registry has.
FILES = {"dll", "exe", "html", "js", "php", "scr"}

# What is right but no value, by the reason that an import gives.
LEFT_OUT = {"path": "a URL's path without a host", "pattern": "a regular expression", "top": "a whole top-level domain"}


class Refused(ValueError):
    """What stands there is no value."""


@functools.cache
def suffix_rules():
    """Debian's copy of the public suffix list, read without any library."""
    text = pathlib.Path("/usr/share/publicsuffix/public_suffix_list.dat").read_text()
    lines = {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("//")}
    return {idna.encode(line, uts46=True).decode() if not line.isascii() else line for line in lines}


def is_suffix(name):
    rules = suffix_rules()
    above = name.partition(".")[2]
    return f"!{name}" not in rules and (name in rules or f"*.{above}" in rules)


def is_onion(label):
    """Version 2, or version 3 with its checksum (Tor's rend-spec-v3, section 6)."""
    if re.fullmatch(r"[a-z2-7]{16}", label):
        return True
    if not re.fullmatch(r"[a-z2-7]{56}", label):
        return False
    raw = base64.b32decode(label.upper())
    return raw[34:] == b"\x03" and raw[32:34] == hashlib.sha3_256(b".onion checksum" + raw[:32] + b"\x03").digest()[:2]


def domain(text):
    name = text.lower() if text.isascii() else to_ascii(text)
    name = name[:-1] if name.endswith(".") else name
    if len(name) > 253 or not NAME.match(name):
        raise Refused(text)
    *above, last = name.split(".")
    if last == "onion" and not is_onion(above[-1]):
        raise Refused(text)
    if last in FILES and last not in suffix_rules():
        raise Refused(text)
    return name


def to_ascii(text):
    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError as error:
        raise Refused(text) from error


def address(text):
    """"1.2.3.4" or an IPv6 address, strictly."""
    found = ipaddress.ip_address(text)
    return str(found.ipv4_mapped or found) if found.version == 6 else str(found)


def with_port(text):
    """Splits "1.2.3.4:80" and "[v6]:80"; a v6 address without brackets has no port."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d{1,5}))?", text)
    split = bracketed or re.fullmatch(r"([^:]*):(\d{1,5})", text)
    if not split:
        return text
    if split[2] and int(split[2]) > 65535:
        raise Refused(text)
    return split[1]


def loose_v4(host):
    """As browsers read it: up to four numbers, decimal, octal or hexadecimal, the last of which fills what is left."""
    parts = host.split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0x[0-9a-f]*|0[0-7]*|[1-9][0-9]*", part) for part in parts):
        raise Refused(host)
    numbers = [int(part[2:] or "0", 16) if part.startswith("0x") else int(part, 8 if part.startswith("0") else 10) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(parts)):
        raise Refused(host)
    value = numbers[-1] + sum(number << 8 * (3 - at) for at, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def host_of_url(text):
    if text.startswith("["):
        return f"[{address(text[1:-1])}]"
    host = urllib.parse.unquote(text)
    host = host.lower() if host.isascii() else to_ascii(host)
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        return loose_v4(host.rstrip("."))
    return domain(host)


def normal(text, signs):
    """Escapes in upper case, none where none is needed; everything else that may not stand there is escaped."""
    def one(found):
        byte = bytes.fromhex(found[1].decode()) if found[1] else found[0]
        if byte in UNRESERVED or (not found[1] and byte in signs):
            return byte
        return b"%%%02X" % byte[0]

    return re.sub(rb"%([0-9A-Fa-f]{2})|.", one, text.encode(), flags=re.DOTALL).decode()


def without_dots(path):
    kept = []
    segments = path.split("/")[1:]
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
        if segment in (".", "..") and last:
            kept.append("")
    return "/" + "/".join(kept)


def url(text):
    word = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?=[/\\])", text)
    scheme = word[1].lower() if word else "http"
    rest = text[word.end():] if word else text
    if scheme in PORTS:
        head = re.match(r"[^?#]*", rest)[0]
        rest = head.replace("\\", "/").lstrip("/") + rest[len(head):]
    elif rest.startswith("//"):
        rest = rest[2:]
    else:
        raise Refused(text)
    place = re.match(r"[^/?#]*", rest)[0]
    path, _, query = rest[len(place):].partition("#")[0].partition("?")
    host, port = re.fullmatch(r"(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(.*))?", place).groups()
    if port and (not port.isdigit() or int(port) > 65535):
        raise Refused(text)
    said = f":{port}" if port and port != PORTS.get(scheme) else ""
    return f"{scheme}://{host_of_url(host)}{said}{without_dots(normal(path, PATH))}" + (f"?{normal(query, QUERY)}" if query else "")


def value(text):
    """(type, canonical form) of a line's value. Refused where it is none."""
    try:
        if re.fullmatch(r"[0-9A-Fa-f.:]+/\d{1,3}", text):
            block = ipaddress.ip_network(text, strict=False)
            return ("ip", address(str(block[0]))) if block.num_addresses == 1 else ("cidr", str(block))
        if "/" in text:
            return "url", url(text)
        plain = with_port(text)
        if ":" in plain or plain.rpartition(".")[2].isdigit():
            return "ip", address(plain)
        return "domain", domain(plain)
    except Refused:
        raise
    except ValueError as error:
        raise Refused(text) from error


def read(text):
    """What each line of a list is, where it is neither blank nor a comment: a value's type and canonical form; or
    "refused", "path", "pattern", "top", and the line."""
    for line in text.split("\n"):
        line = line.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        if line.startswith("/"):
            yield "path", line
            continue
        word = re.split(r"[ \t]+#", line, maxsplit=1)[0]
        if "/" not in word and (re.search(r"[\\^$|{}()]", word) or re.search(r"(?<!\A)\[", word)):
            yield "pattern", line
            continue
        name = re.sub(r"\A(\*\.|\.)", "", word)
        if name != word and not re.search(r"[.:/]", name):
            yield "top", line
            continue
        try:
            yield value(name)
        except Refused:
            yield "refused", line
