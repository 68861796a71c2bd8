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

import trails
from noroshi import Node

ARCHIVE = pathlib.Path(os.environ.get("NOROSHI_SHARED", pathlib.Path(__file__).parents[2] / ".." / "shared")) / "data/maltrail.tar.xz"
LONG = bool(os.environ.get("NOROSHI_LONG"))
EVERY = 1 if LONG else 8  # of the lists, one in so many
ASKED = 10_000 if LONG else 3_000
LIMIT = 600  # seconds, on a loaded machine

pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"SKIPPED: {ARCHIVE} is not there; nothing was checked")

VALUES = ("ip", "cidr", "domain", "url")


def lists():
    """(name, text) of the lists that are part of this run; the scanners' always, for their blocks."""
    with tarfile.open(ARCHIVE) as tar:
        names = sorted(member.name for member in tar if member.name.endswith(".txt"))
        chosen = {name for at, name in enumerate(names) if at % EVERY == 0 or "mass_scanner" in name or "parking_site" in name}
    with tarfile.open(ARCHIVE) as tar:
        return [(member.name, tar.extractfile(member).read().decode()) for member in tar if member.name in chosen]


@pytest.fixture(scope="module")
def material():
    values, lines = collections.defaultdict(set), collections.Counter()
    texts = lists()
    for _, text in texts:
        for kind, value in trails.read(text):
            lines[kind] += 1
            values[kind].add(value)
            lines["suffix"] += kind == "domain" and trails.is_suffix(value)
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
    node, outcome = loaded
    _, values, lines = material
    assert {each["type"]: each["values"] for each in outcome["types"]} == {kind: lines[kind] for kind in VALUES if lines[kind]}
    assert outcome["refused"] == lines["refused"], outcome["refused_reasons"]
    told = {each["reason"]: each["count"] for each in outcome["left_out_reasons"]}
    assert told == {reason: lines[kind] for kind, reason in trails.LEFT_OUT.items() if lines[kind]}
    assert outcome["changed"] == lines["suffix"], outcome["changed_reasons"]
    distinct = {kind: len(values[kind]) for kind in VALUES if values[kind]}
    assert outcome["indicators"] == sum(distinct.values())
    assert {each["type"]: each["indicators"] for each in node.json("data", "fitness")[0]["types"]} == distinct


def test_values_half_of_them_absent_are_answered_exactly(loaded, material):
    node, _ = loaded
    _, values, _ = material
    generator = random.Random(1811)
    exact = values["domain"] | values["ip"] | values["url"]
    known = [value for kind in ("domain", "ip", "url") for value in generator.sample(sorted(values[kind]), min(ASKED // 6, len(values[kind])))]
    absent = [f"absent-{generator.getrandbits(64):x}.invalid-name.example" for _ in range(len(known) // 2)]
    while len(absent) < len(known):
        candidate = f"{generator.randint(1, 223)}.{generator.randint(0, 255)}.{generator.randint(0, 255)}.{generator.randint(1, 254)}"
        if candidate not in exact:
            absent.append(candidate)
    asked = known + absent
    generator.shuffle(asked)
    answers = ask(node, asked)
    assert [answer["value"] for answer in answers] == asked
    for answer in answers:
        found = {hit["indicator"] for hit in answer["hits"] if hit["match"] == "exact"}
        assert found == {answer["value"]} & exact, answer["value"]


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
        assert found == {name for name in above if not trails.is_suffix(name)}, answer["value"]


def test_a_hit_names_the_page_it_came_from(loaded, material):
    node, outcome = loaded
    assert outcome["reports"] > 100
    texts, _, _ = material
    name, text = max(texts, key=lambda each: each[1].count("# Reference: http"))
    block = re.search(r"\n# Reference: (\S+)\n\n([a-z0-9-]+\.[a-z]{2,6})\n\n", text)
    (answer,) = ask(node, [block.group(2)])
    assert any(block.group(1) in (hit["report"] or "") for hit in answer["hits"] if hit["match"] == "exact"), (name, block.group(0))
