"""What goes wrong gets a sentence that says what, where and what next, and the exit code that the design names."""

import pathlib
import socket
import subprocess

import pytest

from noroshi import Node, PROGRAM, converse, wait_until


def run(*words, expect):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sense]\nmax_sesions = 5\n", ["noroshi.toml:2", "sense.max_sesions", "sense.max_sessions"]),
        ('[derive]\nprivate_addresses = "perhaps"\n', ["noroshi.toml:2", "derive.private_addresses", "true"]),
        ("[derive\n", ["noroshi.toml:1"]),
    ],
)
def test_a_broken_configuration_names_file_line_and_what_is_meant(tmp_path, text, says):
    run("--data", tmp_path, "init", expect=0)
    (tmp_path / "noroshi.toml").write_text(text)
    sentence = run("--data", tmp_path, "serve", expect=2)
    for words in says:
        assert words in sentence, sentence


def test_an_unknown_key_on_the_command_line_names_the_nearest_one(tmp_path):
    assert "derive.own_addresses" in run("--data", tmp_path, "--set", "derive.own_adresses=1", "config", "show", expect=2)


def test_what_config_show_prints_is_a_configuration_file(tmp_path):
    shown = subprocess.run([PROGRAM, "--data", str(tmp_path), "config", "show"], capture_output=True, text=True, timeout=60, check=True).stdout
    (tmp_path / "noroshi.toml").write_text(shown)
    again = subprocess.run([PROGRAM, "--data", str(tmp_path), "config", "show"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "sense.listen" in shown or "[sense]" in shown
    assert [line for line in shown.splitlines() if not line.startswith("#")] == [line for line in again.splitlines() if not line.startswith("#")]


def test_a_folder_that_is_no_data_directory_says_how_to_make_one(tmp_path):
    assert "init" in run("--data", tmp_path / "nowhere", "status", expect=3)
    assert "init" in run("--data", tmp_path / "nowhere", "serve", expect=3)


def test_init_does_not_touch_what_is_there(tmp_path):
    run("--data", tmp_path, "init", expect=0)
    before = (tmp_path / "catalogue.sqlite").read_bytes()
    assert "already" in run("--data", tmp_path, "init", expect=3)
    assert (tmp_path / "catalogue.sqlite").read_bytes() == before


@pytest.mark.parametrize("words", [["frobnicate"], ["show", "ip"], ["show", "planet", "mars"], ["search"], ["status", "--format", "xml"]])
def test_wrong_use_is_exit_code_2(tmp_path, words):
    run("--data", tmp_path, "init", expect=0)
    assert run("--data", tmp_path, *words, expect=2).strip()


def test_a_second_node_on_the_same_directory_is_refused_by_name(node):
    sentence = node.run("serve", expect=3)
    assert str(node.process.pid) in sentence


@pytest.mark.parametrize("setting", ["sense.listen=http@nginx:127.0.0.1:{port}", "api.listen=127.0.0.1:{port}"])
def test_a_port_in_use_is_named(tmp_path, setting):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        node = Node(tmp_path, settings=[setting.format(port=port)]).init()
        assert str(port) in node.run("serve", expect=3)


def test_a_damaged_spool_segment_costs_only_its_damaged_part(tmp_path):
    with Node(tmp_path) as node:
        spool = node.data / "spool"
        # A stranger's file, a torn one, and one that is nothing at all.
        (spool / "0000000000000001-0000000000000001-3.seg").write_bytes(b"NRSPOOL1" + bytes(8) + b"\xff" * 100)
        (spool / "0000000000000001-0000000000000002-3.seg").write_bytes(b"")
        (spool / "0000000000000001-0000000000000003-3.seg").symlink_to("/etc/passwd")
        converse(node.port("http"), b"GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wait_until(lambda: node.knows("127.0.0.1"), "the visit behind the damage")
        assert len(list(spool.glob("*.damaged"))) == 3
        assert "root:" not in node.log.read_text()


def test_a_damaged_intake_log_is_reported_and_what_is_sound_is_applied(tmp_path):
    node = Node(tmp_path)
    with node:
        converse(node.port("http"), b"GET /first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wait_until(lambda: node.knows("127.0.0.1"), "the first visit")
    segments = sorted((node.data / "intake").glob("*.log"))
    bytes_before = segments[0].read_bytes()
    # Damage in the middle: a sound record stands behind it.
    segments[0].write_bytes(bytes_before[:30] + b"\0" * 20 + bytes_before[50:])
    with node:
        assert "damaged" in node.log.read_text() or len(bytes_before) < 60
        converse(node.port("http"), b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wait_until(lambda: any(each["value"] == "/second" for each in node.json("top", "request", "path")), "the second visit")
        assert any(each["value"] == "/first" for each in node.json("top", "request", "path"))


def test_a_damaged_store_is_named_and_left_as_it_is(tmp_path):
    node = Node(tmp_path).init()
    for name in ("catalogue.sqlite", "indicators/manifest"):
        file = node.data / name
        sound = file.read_bytes()
        for leftover in node.data.glob(name + "-*"):
            leftover.unlink()
        file.write_bytes(b"This is no database, whatever it was before. " * 100)
        sentence = node.run("status", expect=3) if name == "catalogue.sqlite" else node.run("search", "example.com", expect=3)
        assert name in sentence
        assert file.read_bytes().startswith(b"This is no database")
        file.write_bytes(sound)
    node.run("status")


def test_hostile_text_is_shown_harmless(tmp_path):
    with Node(tmp_path) as node:
        converse(node.port("http"), b"GET /\x1b]0;owned\x07\xe2\x80\xaegpj.exe HTTP/1.1\r\nHost: x\r\nUser-Agent: =cmd|calc\r\nConnection: close\r\n\r\n")
        wait_until(lambda: node.knows("127.0.0.1"), "the visit")
        for words in (["show", "ip", "127.0.0.1"], ["top", "request", "path"], ["top", "request", "user_agent", "--format", "csv"]):
            shown = node.run(*words)
            assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown
        assert not any(line.startswith(("=", '"=')) for line in node.run("top", "request", "user_agent", "--format", "csv").splitlines())
