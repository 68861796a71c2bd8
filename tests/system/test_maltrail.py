"""Maltrail's 1.8 million real indicators: loaded, counted by an independent reading, searched, compared with a slow reference."""

import collections
import ipaddress
import json
import os
import pathlib
import random
import re
import subprocess
import tarfile

import pytest

from noroshi import Node

ARCHIVE = pathlib.Path(os.environ.get("NOROSHI_SHARED", pathlib.Path(__file__).parents[2] / ".." / "shared")) / "data/maltrail.tar.xz"
LONG = bool(os.environ.get("NOROSHI_LONG"))
EVERY = 1 if LONG else 8  # of the lists, one in so many
ASKED = 10_000 if LONG else 3_000
LIMIT = 600  # seconds, on a loaded machine

pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"SKIPPED: {ARCHIVE} is not there; nothing was checked")

V4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\Z")
HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")


def lists():
    """(name, text) of the lists that are part of this run; the scanners' always, for their blocks."""
    with tarfile.open(ARCHIVE) as tar:
        names = sorted(member.name for member in tar if member.name.endswith(".txt"))
        chosen = {name for at, name in enumerate(names) if at % EVERY == 0 or "mass_scanner" in name or "parking_site" in name}
    with tarfile.open(ARCHIVE) as tar:
        return [(member.name, tar.extractfile(member).read().decode()) for member in tar if member.name in chosen]


def address(text):
    """The address of "1.2.3.4", "1.2.3.4:80", "[v6]:80", "v6"; None where it is none."""
    plain = re.sub(r":\d{1,5}\Z", "", text) if V4.match(text.split(":")[0]) and text.count(":") == 1 else text
    if text.count(":") == 1 and plain != text and int(text.split(":")[1]) > 65535:
        return None
    plain = re.sub(r"\A\[(.*)\](?::\d{1,5})?\Z", r"\1", plain)
    try:
        found = ipaddress.ip_address(plain)
    except ValueError:
        return None
    return found.ipv4_mapped or found if found.version == 6 else found


def is_domain(name):
    labels = name.split(".")
    return len(labels) > 1 and len(name) <= 253 and all(HOST.match(label) for label in labels) and (labels[-1].isalpha() or labels[-1].startswith("xn--")) and len(labels[-1]) > 1


def read(text):
    """(kind, value) of each line that is neither blank nor a comment, by rules of our own; kind "?" is for the URLs and the odd ones."""
    for line in text.splitlines() if "\x0b" not in text and "\x0c" not in text else text.split("\n"):
        line = line.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        if line.startswith("/"):
            yield "path", line
            continue
        word = re.sub(r"[ \t]+#.*\Z", "", line)
        if "/" in word:
            try:
                yield "cidr", str(ipaddress.ip_network(word, strict=False))
            except ValueError:
                yield "url", word
            continue
        if any(sign in word for sign in "\\^$|{}()") or ("[" in word and not word.startswith("[")):
            yield "pattern", word
            continue
        name = word[1:] if word.startswith(".") else word
        found = address(name)
        if found is not None:
            yield "ip", str(found)
        elif word.startswith(".") and "." not in name:
            yield "top", word
        elif is_domain(name.lower()):
            yield "domain", name.lower()
        else:
            yield "?", word


@pytest.fixture(scope="module")
def material():
    values, lines = collections.defaultdict(set), collections.Counter()
    texts = lists()
    for _, text in texts:
        for kind, value in read(text):
            lines[kind] += 1
            values[kind].add(value)
    return texts, values, lines


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, material):
    folder = tmp_path_factory.mktemp("maltrail")
    source = ARCHIVE
    if EVERY > 1:
        for name, text in material[0]:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        source = folder / "maltrail"
    with Node(folder / "node") as node:
        done = subprocess.run(node.command("import", "--source", "maltrail", "--replace", source, "--format", "json"),
                              capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 1, done.stderr  # a few lines of the real lists are damaged
        yield node, json.loads(done.stdout)


def ask(node, values):
    done = subprocess.run(node.command("search", "-f", "-", "--format", "json"), input="\n".join(values) + "\n", capture_output=True,
                          text=True, timeout=LIMIT)
    assert done.returncode in (0, 1), done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [answer for answer in answers if "value" in answer]


def test_counts_by_type_are_those_of_an_independent_reading(loaded, material):
    _, outcome = loaded
    _, values, lines = material
    counted = {each["type"]: each["values"] for each in outcome["types"]}
    refused = outcome["refused"]
    assert counted["ip"] == lines["ip"] and counted["cidr"] == lines["cidr"]
    # What we could not read either is refused or a URL or an IDN; what is a URL is not checked by us but counted.
    odd = {each["reason"]: each for each in outcome["refused_reasons"]}
    told = collections.Counter({each["reason"]: each["count"] for each in outcome["left_out_reasons"]})
    assert told["a URL's path without a host"] == lines["path"]
    assert told["a regular expression"] == lines["pattern"]
    assert told["a whole top-level domain"] == lines["top"]
    assert sum(counted.values()) + refused == lines["ip"] + lines["cidr"] + lines["domain"] + lines["url"] + lines["?"], odd
    assert counted["domain"] + counted["url"] + refused == lines["domain"] + lines["url"] + lines["?"]
    assert abs(counted["domain"] - lines["domain"]) <= lines["?"] + refused, odd
    assert refused <= lines["?"] + lines["domain"] // 1000 + lines["url"] // 100, odd
    distinct = sum(len(values[kind]) for kind in ("ip", "cidr", "domain", "url"))
    assert abs(outcome["indicators"] - distinct) <= lines["?"] + refused + len(values["url"]) // 50


def test_values_half_of_them_absent_are_answered_exactly(loaded, material):
    node, _ = loaded
    _, values, _ = material
    generator = random.Random(1811)
    domains, addresses = values["domain"], values["ip"]
    known = generator.sample(sorted(domains), ASKED // 4) + generator.sample(sorted(addresses), ASKED // 4)
    absent = [f"absent-{generator.getrandbits(64):x}.invalid-name.example" for _ in range(ASKED // 4)]
    while len(absent) < ASKED // 2:
        candidate = f"{generator.randint(1, 223)}.{generator.randint(0, 255)}.{generator.randint(0, 255)}.{generator.randint(1, 254)}"
        if candidate not in addresses:
            absent.append(candidate)
    asked = known + absent
    generator.shuffle(asked)
    exact = domains | addresses
    answers = ask(node, asked)
    assert [answer["value"] for answer in answers] == asked
    for answer in answers:
        assert any(hit["match"] == "exact" for hit in answer["hits"]) == (answer["value"] in exact), answer["value"]


def test_every_enclosing_block_and_every_domain_above_is_found(loaded, material):
    node, _ = loaded
    _, values, _ = material
    generator = random.Random(2026)
    blocks = [ipaddress.ip_network(text) for text in sorted(values["cidr"])]
    inside = [str(generator.choice(blocks)[0] + generator.randint(0, 3)) for _ in range(300)]
    domains = values["domain"]
    below = [f"n{generator.getrandbits(32):x}.{name}" for name in generator.sample(sorted(domains), 500)]
    answers = ask(node, inside + below)
    for answer in answers[:len(inside)]:
        place = ipaddress.ip_address(answer["value"])
        expected = {str(block) for block in blocks if block.version == place.version and place in block}
        found = {hit["indicator"] for hit in answer["hits"] if hit["match"] == "range"}
        assert found == expected, answer["value"]
    for answer in answers[len(inside):]:
        labels = answer["value"].split(".")
        above = {".".join(labels[at:]) for at in range(1, len(labels) - 1)} & domains
        found = {hit["indicator"] for hit in answer["hits"] if hit["match"] == "parent"}
        # Names at and above a public suffix do not answer for what others registered below it.
        suffixes = {name for name in above if name not in found}
        assert found <= above and found | suffixes == above
        assert not suffixes or all(is_suffix(name) for name in suffixes), (answer["value"], suffixes)


def is_suffix(name):
    """By Debian's copy of the public suffix list, read without any library."""
    labels = name.split(".")
    rules = suffix_rules()
    return name in rules or "*." + ".".join(labels[1:]) in rules


def suffix_rules(cache=[]):
    if not cache:
        text = pathlib.Path("/usr/share/publicsuffix/public_suffix_list.dat").read_text()
        cache.append({line.strip() for line in text.splitlines() if line.strip() and not line.startswith("//")})
    return cache[0]


def test_a_hit_names_the_page_it_came_from(loaded, material):
    node, outcome = loaded
    assert outcome["reports"] > 100
    texts, _, _ = material
    name, text = max(texts, key=lambda each: each[1].count("# Reference: http"))
    block = re.search(r"\n# Reference: (\S+)\n\n([a-z0-9-]+\.[a-z]{2,6})\n\n", text)
    (answer,) = ask(node, [block.group(2)])
    assert any(block.group(1) in (hit["report"] or "") for hit in answer["hits"] if hit["match"] == "exact"), (name, block.group(0))
