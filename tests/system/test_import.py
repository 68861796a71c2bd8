"""noroshi import: every format and generation, counts as the log has them, and nothing doubled, whatever happened."""

import collections
import gzip
import json
import os
import random
import subprocess
import threading

import pytest

import honeypot_logs
from noroshi import PATIENCE, Node, wait_until
from terminal import Terminal

EVENTS = 100_000 if os.environ.get("NOROSHI_LONG") else 2_000
KILLS = 40 if os.environ.get("NOROSHI_LONG") else 6
LIMIT = 600  # seconds for one import on a loaded machine


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines))
    return path


def importing(node, *files, expect=0):
    done = subprocess.run(node.command("import", *files, "--format", "json"), capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == expect, f"exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def types(answer):
    return {each["type"]: each["lines"] for each in answer["types"]}


def stored(node):
    """Observations by imported sensor, as every store has applied them."""
    return {each["name"]: each["observations"] for each in node.json("sensors") if "/" in each["name"]}


def settle(node, expected):
    wait_until(lambda: stored(node) == expected, f"the stores have {expected}, not {stored(node)}", LIMIT)


def show(node, address):
    return node.json("show", "ip", address)[0]


@pytest.fixture(scope="module")
def logs():
    return honeypot_logs.all_logs(EVENTS)


@pytest.fixture(scope="module")
def imported(tmp_path_factory, logs):
    """A running node that has read one log of each kind, and what the imports answered."""
    folder = tmp_path_factory.mktemp("imported")
    with Node(folder) as node:
        answers = {}
        for name, (lines, _) in logs.items():
            (answers[name],) = importing(node, write(folder / name, lines))
        settle(node, {sensor: expected.observations for _, expected in logs.values() for sensor in expected.sensors})
        yield node, answers


def test_counts_by_type_are_those_of_the_log(imported, logs):
    _, answers = imported
    for name, (_, expected) in logs.items():
        answer = answers[name]
        assert types(answer) == expected.types, name
        assert (answer["taken"], answer["known"], answer["refused"]) == (expected.types.total(), 0, 0), name
        assert answer["observations"] == expected.observations and answer["complete"], name
        assert set(answer["sensors"]) == expected.sensors, name


def test_show_ip_and_search_agree_with_the_logs(imported, logs):
    node, _ = imported
    observations, commands, logins = collections.Counter(), collections.Counter(), collections.Counter()
    spoofable, urls, hashes = set(), set(), set()
    for _, expected in logs.values():
        observations += expected.sources
        commands += expected.commands
        logins += expected.logins
        spoofable |= expected.spoofable
        urls |= expected.urls
        hashes |= expected.hashes
    for address in random.Random(7).sample(sorted(observations), 25):
        assert show(node, address)["observations"] == observations[address], address
    for address in sorted(spoofable)[:5]:
        assert "spoofable" in [reason["code"] for reason in show(node, address)["reasons"]], address
    tried = collections.Counter({each["value"]: each["count"] for each in node.json("top", "login", "username", "--limit", "1000")})
    assert tried.total() == logins.total()
    typed = collections.Counter({each["value"]: each["count"] for each in node.json("top", "command", "command", "--limit", "100000")})
    assert typed.total() == commands.total()
    asked = [*sorted(urls)[:20], *sorted(hashes)[:20], *sorted(spoofable)[:5], *sorted(set(observations) - spoofable)[:20]]
    answers = node.json("search", *asked)
    for value, answer in zip(asked, answers):
        assert answer["known"] == (value not in spoofable), value
    hit = answers[0]["hits"][0]
    assert hit["source"].startswith("import/") and hit["collected_by"] == "access_log" and hit["evidence"] == "claimed"


def test_a_second_import_doubles_nothing(imported, logs, tmp_path):
    node, _ = imported
    before = stored(node)
    for name, (lines, expected) in logs.items():
        path = write(tmp_path / f"{name}.renamed", lines)
        (answer,) = importing(node, path)
        assert (answer["taken"], answer["known"]) == (0, expected.types.total()), name
        assert types(answer) == expected.types, name
    assert stored(node) == before


@pytest.fixture
def quiet(tmp_path):
    """A data directory without a running node: commands open it themselves."""
    return Node(tmp_path).init()


def test_a_session_is_whole_under_one_id(quiet, tmp_path):
    lines, _ = honeypot_logs.cowrie(300, "2018")
    importing(quiet, write(tmp_path / "cowrie.json", lines))
    session = json.loads(lines[0])["session"]
    told = [event for event in map(json.loads, lines) if event["session"] == session]
    visits = show(quiet, told[0]["src_ip"])["visits"]
    kept = [quiet.json("show", "session", visit["session"])[0] for visit in visits]
    (visit,) = [each for each in kept if each["first_seen"] == told[0]["timestamp"]]
    assert [one["extra"]["eventid"] for one in visit["observations"]] == [event["eventid"] for event in told]
    assert visit["observations"][0]["kind"] == "opened" and visit["sensor"] == "cowrie/pot-1"
    # Later lines of a log of 2018 name neither ports nor protocol.
    assert {one["service"] for one in visit["observations"]} == {told[0]["protocol"]}
    assert (visit["src_port"], visit["dst_port"]) == (told[0]["src_port"], told[0]["dst_port"])


def test_a_grown_cut_rotated_or_compressed_log_is_read_once(quiet, tmp_path):
    lines, expected = honeypot_logs.cowrie(2_000, "3.0")
    text = "".join(line + "\n" for line in lines).encode()
    log = tmp_path / "cowrie.json"
    log.write_bytes(text[: len(text) // 3])  # cut in the middle of a line
    (first,) = importing(quiet, log, expect=1)
    assert first["refused"] == 0 and first["unfinished_line"] == first["lines"] + 1
    log.write_bytes(text[: len(text) // 2])
    (second,) = importing(quiet, log, expect=1)
    assert second["known"] == first["taken"]
    (tail,) = importing(quiet, write(tmp_path / "tail", text[len(text) // 4 :].decode(errors="replace").splitlines()[1:]))
    assert tail["taken"] == 2_000 - second["taken"] - first["taken"]
    (tmp_path / "cowrie.json.1.gz").write_bytes(gzip.compress(text[:100_000]) + gzip.compress(text[100_000:]))
    write(tmp_path / "whole", lines)
    subprocess.run(["zstd", "-q", tmp_path / "whole"], check=True)
    mixed = list(lines)
    random.Random(3).shuffle(mixed)
    for answer in importing(quiet, tmp_path / "cowrie.json.1.gz", tmp_path / "whole.zst", write(tmp_path / "mixed", mixed)):
        assert (answer["taken"], answer["known"]) == (0, 2_000) and types(answer) == expected.types
    assert stored(quiet) == {"cowrie/pot-1": 2_000}


def test_standard_input_and_several_files_at_once(quiet, tmp_path):
    lines, _ = honeypot_logs.shadowserver(500, "honeypot_brute_force")
    done = subprocess.run(quiet.command("import", "-"), input="\n".join(lines), capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0 and "500 lines: 500 new" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("running", [True, False], ids=["beside a node", "without a node"])
def test_kills_at_any_moment_double_and_lose_nothing(tmp_path, running):
    lines, expected = honeypot_logs.cowrie(20_000, "2025")
    log = write(tmp_path / "cowrie.json", lines)
    node = Node(tmp_path).init()
    chance = random.Random(20261122)
    for _ in range(KILLS):
        if running:
            node.start()
        client = subprocess.Popen(node.command("import", log), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        victim = node.process if running else client
        moment = threading.Timer(chance.uniform(0.0, 1.5), victim.kill)
        moment.start()
        client.wait(PATIENCE)  # a client whose node went away does not wait for it
        moment.join()
        if running:
            node.process.wait(PATIENCE)
            node.process = None
    (answer,) = importing(node, log)
    assert answer["taken"] + answer["known"] == 20_000 and types(answer) == expected.types
    assert stored(node) == {"cowrie/pot-1": expected.observations}
    assert sum(each["count"] for each in node.json("top", "login", "username", "--limit", "1000")) == expected.logins.total()


def test_what_is_wrong_is_told_and_the_rest_is_read(quiet, tmp_path):
    lines, _ = honeypot_logs.cowrie(50, "3.0")
    event = json.loads(lines[0])
    broken = [
        lines[10][:40],
        '{"eventid": "cowrie.login.failed"}',
        json.dumps({**event, "timestamp": "1970-01-01T00:00:00.000000Z"}),
        json.dumps({**event, "timestamp": "2199-01-01T00:00:00.000000Z"}),
        json.dumps({**event, "src_ip": "999.1.1.1"}),
        "x" * 100_000_000,
    ]
    log = tmp_path / "cowrie.json"
    with open(log, "wb") as file:
        for line in [*lines[:25], *broken, *lines[25:]]:
            file.write(line.encode() + b"\n")
        file.write(b'{"eventid": "cowrie.\xff\xfe"}\n')
    (answer,) = importing(quiet, log, expect=1)
    assert (answer["taken"], answer["refused"], answer["lines"]) == (50, 7, 57)
    told = {each["line"]: each["reason"] for each in answer["refusals"]}
    assert list(told) == [26, 27, 28, 29, 30, 31, 57]
    for line, words in {26: "no JSON", 27: "session", 28: "before the year 2000", 29: "in the future", 30: "no IP address", 31: "longer than", 57: "UTF-8"}.items():
        assert words in told[line], told[line]
    table = quiet.run("import", log, expect=1)
    assert "line 29: " in table and table.splitlines()[-1].endswith("(7 lines refused)"), table


@pytest.mark.parametrize(
    "name, content, code, words",
    [
        ("empty", b"", 2, "holds no line"),
        ("blank", b"\n\n  \n", 2, "holds no line"),
        ("binary", bytes(range(256)) * 40, 2, "binary"),
        ("other.log", b"Jan  1 00:00:01 host sshd[1]: Failed password\n", 2, "no log that is read here"),
        ("half.gz", None, 2, "the file was cut"),
        ("half.zst", None, 2, "the file was cut"),
        ("wrong.gz", b"\x1f\x8b\x08\x00" + b"\xff" * 200, 2, "damaged gzip"),
        ("missing", None, 3, "No such file"),
        ("folder", None, 2, "is a directory"),
    ],
)
def test_what_is_no_log_is_refused_in_one_sentence(quiet, tmp_path, name, content, code, words):
    path = tmp_path / name
    lines, _ = honeypot_logs.cowrie(1, "3.0")
    if name == "folder":
        path.mkdir()
    elif name == "half.gz":
        path.write_bytes(gzip.compress(lines[0].encode())[:-30])
    elif name == "half.zst":
        whole = subprocess.run(["zstd", "-qc"], input=lines[0].encode(), capture_output=True, check=True).stdout
        path.write_bytes(whole[:-20])
    elif content is not None:
        path.write_bytes(content)
    complaint = quiet.run("import", path, expect=code)
    assert words in complaint and len(complaint.strip().splitlines()) == 1, complaint


def test_a_cut_archive_gives_what_it_holds(quiet, tmp_path):
    lines, _ = honeypot_logs.cowrie(2_000, "3.0")
    path = tmp_path / "cowrie.json.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-1_000])
    (answer,) = importing(quiet, path, expect=1)
    assert 0 < answer["taken"] < 2_000 and "cut" in answer["error"] and not answer["complete"]


def test_progress_is_shown_on_a_terminal(tmp_path):
    node = Node(tmp_path).init()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    lines, _ = honeypot_logs.cowrie(200, "3.0")
    enough = threading.Event()

    def fill():
        blanks = (" " * 9_999 + "\n").encode() * 100
        with open(fifo, "wb") as pipe:
            pipe.write("\n".join(lines).encode() + b"\n")
            while not enough.is_set():  # blank lines, until the progress line has been seen
                pipe.write(blanks)

    filler = threading.Thread(target=fill)
    filler.start()
    with Terminal(*node.command("import", fifo), patience=PATIENCE) as screen:
        try:
            screen.expect("events/s")
        finally:
            enough.set()
        screen.expect("200 lines: 200 new")
    filler.join()
