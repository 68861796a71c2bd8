"""What a person types, on a running node and on its data directory when none runs: the same answers, the same exit codes."""

import csv
import io
import json
import os
import pty
import re
import struct
import subprocess

import fcntl
import termios

import pytest
from noroshi import PATIENCE, Node, wait_until

HOSTILE = "=cmd|' /C calc'!A0 \u202e,\"x\""


@pytest.fixture(params=["running", "stopped"])
def tower(tmp_path, request):
    """A node that was told of one report; every command must work alike beside it and without it."""
    node = Node(tmp_path).init()
    node.run("report", "add", "--title", HOSTILE, "--role", "c2", "--tag", "mirai", "c2[.]example[.]com", "198.51.0.7")
    if request.param == "running":
        node.start()
    yield node
    node.stop()


def on_a_terminal(node, columns, *words):
    """What a command shows on a terminal of that width."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(node.command()[0], node.command(*words))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:
        pass  # the terminal's end
    os.waitpid(pid, 0)
    return shown.decode().replace("\r\n", "\n")


def test_search_answers_in_order_and_its_exit_code_tells_whether_anything_is_known(tower):
    lines = tower.json("search", "nobody.example.net", "hxxp://c2[.]example[.]com/", "???", "c2.example.com")
    assert [line["value"] for line in lines[:-1]] == ["nobody.example.net", "hxxp://c2[.]example[.]com/", "???", "c2.example.com"]
    assert lines[3]["known"] and lines[3]["hits"][0]["role"] == "c2"
    assert lines[2]["type"] is None and lines[2]["reason"]
    assert lines[-1]["members"][0]["status"] == "answered" and lines[-1]["members"][0]["values"] == 4
    tower.run("search", "nobody.example.net", expect=1)
    tower.run("search", expect=2)


def test_values_come_from_a_file_or_standard_input_with_comments_and_any_bytes(tower):
    listed = tower.folder / "values"
    listed.write_bytes(b"# a list\n\n  c2.example.com \r\n\xff\xfe\n")
    from_file = tower.json("search", "-f", listed)
    assert [line.get("known") for line in from_file] == [True, False, None]
    done = subprocess.run(tower.command("search", "-f", "-", "--format", "json"), input=listed.read_bytes(), capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[0])["value"] == "c2.example.com"
    assert "nothing-here" in tower.run("search", "-f", "nothing-here", expect=3)
    assert "empty" in tower.run("search", "", expect=2)
    listed.write_bytes(b"x" * 3_000_000 + b"\n")
    assert all(len(line) < 1000 for line in tower.run("search", "-f", listed, expect=1).splitlines())


def test_hostile_text_neither_moves_the_terminal_nor_becomes_a_formula(tower):
    shown = tower.run("report")
    assert "\u202e" not in shown and "\\u{202e}" in shown
    rows = list(csv.reader(io.StringIO(tower.run("report", "--format", "csv"))))
    title = rows[1][rows[0].index("title")]
    assert title.startswith("'=cmd") and "\u202e" not in title and title.endswith(',"x"')
    raw = tower.run("report", "--format", "json")
    assert "\u202e" not in raw
    assert json.loads(raw)["title"] == HOSTILE


def test_a_narrow_terminal_keeps_times_whole_and_gives_long_sentences_their_own_line(tower):
    wide = on_a_terminal(tower, 250, "search", "c2.example.com")
    narrow = on_a_terminal(tower, 80, "search", "c2.example.com")
    sentence = "Reported by one source (analyst/admin), last today."
    assert f"  {sentence}\n" in wide
    assert re.search(rf"\n    \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  {re.escape(sentence)}\n", narrow), narrow
    assert all(len(line) <= 80 for line in narrow.splitlines())
    assert "WHY" not in narrow and "LAST SEEN" not in narrow


def test_a_withdrawn_report_is_as_if_it_had_never_been(tower):
    number = tower.json("report")[0]["id"]
    tower.run("report", "withdraw", number)
    tower.run("search", "c2.example.com", expect=1)
    assert "no report 99" in tower.run("report", "withdraw", 99, expect=2)
    assert tower.json("audit")[0]["action"] == "report.withdraw"


def test_a_report_that_cannot_be_read_whole_is_refused_whole(tower):
    said = tower.run("report", "add", "--title", "x", "203.0.113.5", "not a value", expect=2)
    assert "1 of 2" in said and "not a value" in said
    tower.run("search", "203.0.113.5", expect=1)


def test_show_knows_and_does_not_know(tower):
    page = tower.json("show", "domain", "c2[.]example[.]com")[0]
    assert page["verdict"] == "malicious" and page["tags"] == ["mirai"] and page["hits"]
    assert tower.json("show", "ip", "8.8.4.4", expect=1)[0]["verdict"] == "unknown"
    assert "Nothing is known" in tower.run("show", "ip", "8.8.4.4", expect=1)
    assert "何も知られていない" in tower.run("--lang", "ja", "show", "ip", "8.8.4.4", expect=1)
    tower.run("show", "session", "00000000-0000-7000-8000-000000000000", expect=1)
    for wrong in (["ip", "foo"], ["hash", "12"], ["session", "x"], ["ip"], []):
        tower.run("show", *wrong, expect=2)


def test_users_keys_and_holds_are_made_listed_and_ended(tower):
    tower.run("users", "add", "bob", "--role", "reader")
    assert {user["name"]: user["role"] for user in tower.json("users")}["bob"] == "reader"
    key = tower.run("keys", "add", "bob", "--expires", "2099-01-01").split()[0]
    assert key.startswith("nrs_") and key not in tower.run("keys")
    number = next(each["id"] for each in tower.json("keys") if each["user"] == "bob")
    tower.run("keys", "revoke", number)
    tower.run("users", "disable", "bob")
    tower.run("days", "hold", "case", "--from", "2026-01-01", "--to", "2026-01-02")
    tower.run("days", "release", "case")
    tower.run("days", "release", "case", expect=3)
    done = [entry["action"] for entry in tower.json("audit")]
    assert {"user.create", "key.create", "key.revoke", "user.disable", "days.hold", "days.release"} <= set(done)


def test_every_command_explains_itself_with_its_forms_first(tower):
    for name in [each["name"] for each in tower.json("list", "commands")]:
        assert tower.run(name, "--help").startswith("noroshi "), name


def test_what_lacks_its_second_word_is_told_which_there_are(tower):
    said = tower.run("store", expect=2)
    assert "noroshi store wants one of these behind it: stats, check" in said and "noroshi store --help" in said
    said = tower.run("days", "release", expect=2)
    assert "NAME" in said and "noroshi days release --help" in said
    assert all(len(line) <= 80 for line in subprocess.run(
        [tower.command()[0]], capture_output=True, text=True, timeout=60).stderr.splitlines())


def test_a_configuration_that_is_shown_is_one_that_is_read(tower):
    shown = tower.run("config", "show")
    file = tower.folder / "again.toml"
    file.write_text(shown)
    assert subprocess.run([tower.command()[0], "--data", str(tower.data), "--config", str(file), "config", "show"],
                          capture_output=True, text=True, timeout=PATIENCE).stdout == shown


def test_over_http_a_key_is_needed_and_its_role_decides(tmp_path):
    with Node(tmp_path) as node:
        address = node.status()["api"][0]
        node.run("users", "add", "bob", "--role", "reader")
        key = node.run("keys", "add", "bob").split()[0]

        def curl(path, *options):
            return subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *options, address + path],
                                  capture_output=True, text=True, timeout=PATIENCE).stdout

        bearer = ("-H", f"Authorization: Bearer {key}")
        assert curl("/healthz") == "200"
        assert curl("/api/v1/status") == "401"
        assert curl("/api/v1/status", *bearer) == "200"
        assert curl("/api/v1/users", *bearer) == "403"
        assert curl("/api/v1/search", *bearer, "--data-binary", "203.0.113.1") == "200"
        assert curl("/api/v1/search", *bearer, "-d", '{"values":') == "400"
        node.run("users", "disable", "bob")
        wait_until(lambda: curl("/api/v1/status", *bearer) == "401", "the key of a disabled user stops working")
