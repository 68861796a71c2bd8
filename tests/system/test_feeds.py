"""noroshi import of feeds: every format is found, replaced at once, refused with reasons, and cut short leaves nothing."""

import gzip
import io
import json
import signal
import subprocess
import tarfile
import zipfile

import pytest

from noroshi import PATIENCE, Node, wait_until

BUNDLE = {
    "type": "bundle", "id": "bundle--5d0c1f6a-3f7e-4b52-a1c6-9e2470d8b31f",
    "objects": [
        {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'stix.example.org']", "pattern_type": "stix",
         "valid_from": "2026-01-02T00:00:00Z", "labels": ["c2"], "confidence": 70,
         "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]},
        {"type": "indicator", "id": "indicator--2", "pattern": "[url:value LIKE 'http://%']", "pattern_type": "stix"},
    ],
}
EVENT = {"Event": {"uuid": "11111111-1111-4111-8111-111111111111", "info": "Winter campaign", "date": "2026-01-02",
                   "Attribute": [{"type": "ip-dst|port", "value": "198.51.100.77|443", "to_ids": True},
                                 {"type": "sha256", "value": "ab" * 32, "to_ids": True}]}}


@pytest.fixture(scope="module", params=["running", "in-process"])
def node(request, tmp_path_factory):
    """Commands take one path whether a node runs or not."""
    node = Node(tmp_path_factory.mktemp("feeds"))
    if request.param == "running":
        with node:
            yield node
    else:
        yield node.init()


def load(node, *words, expect=0):
    return json.loads(node.run("import", *words, "--format", "json", expect=expect))


def hits(node, value):
    done = subprocess.run(node.command("search", value, "--format", "json"), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout.splitlines()[0])["hits"]


def write(path, text):
    path.write_text(text)
    return path


def test_a_plain_list_is_found_with_what_the_command_said(node, tmp_path):
    path = write(tmp_path / "list.txt", "# mine\n192.0.2.10\nhxxp://plain[.]example[.]com/x\n*.wild.example.com\n")
    outcome = load(node, "--source", "plain list", "--role", "c2", "--confidence", 80, "--tlp", "green", "--tag", "mine", "--to-ids",
                   "--expires", "90d", path)
    assert (outcome["lines"], outcome["comments"], outcome["values"], outcome["indicators"], outcome["refused"]) == (4, 1, 3, 3, 0)
    (hit,) = hits(node, "192.0.2.10")
    assert (hit["source"], hit["role"], hit["confidence"], hit["tlp"], hit["tags"], hit["to_ids"], hit["collected_by"]) == \
        ("plain list", "c2", 80, "green", ["mine"], True, "feed")
    assert hits(node, "http://plain.example.com/x")
    assert hits(node, "deep.wild.example.com")[0]["match"] == "parent"


def test_hosts_files_block_what_is_below_but_never_a_public_suffix(node, tmp_path):
    path = write(tmp_path / "hosts", "127.0.0.1 localhost\n0.0.0.0 ads.example.net\n0.0.0.0 github.io\n")
    outcome = load(node, "--source", "hosts", path)
    assert outcome["format"] == "hosts" and outcome["values"] == 2 and outcome["changed"] == 1 and outcome["left_out"] == 1
    assert hits(node, "a.ads.example.net")
    assert hits(node, "github.io") and not hits(node, "someone.github.io")


def test_csv_by_names_carries_times_tags_and_references(node, tmp_path):
    path = write(tmp_path / "urls.csv", '# a feed\n# id,dateadded,url,tags,ref\n"1","2026-01-02 03:04:05","http://csv.example.com/a.sh","elf,Mozi","https://r.example/9"\n')
    load(node, "--source", "csv", "--columns", "value=url,first_seen=dateadded,tags=tags,reference=ref", path)
    (hit,) = hits(node, "http://csv.example.com/a.sh")
    assert hit["first_seen"].startswith("2026-01-02T03:04:05") and hit["tags"] == ["Mozi", "elf"] and hit["report"] == "https://r.example/9"


def test_a_misp_feed_folder_is_recognised_and_its_events_are_reports(node, tmp_path):
    folder = tmp_path / "misp"
    folder.mkdir()
    uuid = EVENT["Event"]["uuid"]
    write(folder / f"{uuid}.json", json.dumps(EVENT))
    write(folder / "hashes.csv", "x")
    write(folder / "manifest.json", json.dumps({uuid: {"info": "Winter campaign"}, "22222222-2222-4222-8222-222222222222": {}}))
    outcome = load(node, "--source", "misp", folder, expect=1)
    assert outcome["format"] == "misp" and outcome["values"] == 2
    (reason,) = outcome["refused_reasons"]
    assert reason["reason"] == "in the manifest, but not there" and "22222222" in reason["examples"][0]["text"]
    (hit,) = hits(node, "198.51.100.77")
    assert (hit["report"], hit["attribute"], hit["direction"], hit["to_ids"]) == ("Winter campaign", "ip-dst|port", "outbound", True)
    assert hits(node, "ab" * 32)


def test_a_stix_bundle_is_recognised_and_keeps_its_marking(node, tmp_path):
    outcome = load(node, "--source", "stix", "--tlp", "clear", write(tmp_path / "bundle.json", json.dumps(BUNDLE)))
    assert outcome["format"] == "stix" and outcome["values"] == 1 and outcome["left_out"] == 1
    (hit,) = hits(node, "stix.example.org")
    assert (hit["role"], hit["confidence"], hit["tlp"]) == ("c2", 70, "green")


def test_what_was_exported_as_stix_comes_back(node, tmp_path):
    load(node, "--source", "to export", "--role", "scanner", "--to-ids", "--as", "plain", write(tmp_path / "one", "203.0.113.200\n"))
    bundle = write(tmp_path / "out.json", node.run("export", "stix"))
    outcome = load(node, "--source", "came back", "--replace", bundle)
    assert outcome["refused"] == 0 and outcome["values"] > 0
    assert "came back" in {hit["source"] for hit in hits(node, "203.0.113.200")}


def test_maltrail_comes_in_from_a_compressed_archive(node, tmp_path):
    head = "# Copyright (c) 2014-2026 Maltrail developers\n\n# Reference: https://r.example/mirai\n\n"
    lists = {"t/malware/elf_mirai.txt": head + "198.51.100.99:48101\nmirai.example.org\n/bins.sh\n",
             "t/suspicious/onion.txt": head + "tor2web.example.org\n", "t/__init__.py": "x = 1\n"}
    archive = tmp_path / "maltrail.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        for name, text in lists.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    outcome = load(node, "--source", "maltrail", archive)
    assert (outcome["files"], outcome["values"], outcome["left_out"], outcome["reports"]) == (2, 3, 1, 1)
    (hit,) = hits(node, "198.51.100.99")
    assert (hit["report"], hit["role"], hit["tags"]) == ("https://r.example/mirai", "c2", ["malware:elf_mirai", "port:48101"])
    (below,) = hits(node, "a.mirai.example.org")
    assert below["match"] == "parent"


def test_replacing_makes_the_old_invisible_at_once_and_adding_does_not(node, tmp_path):
    first, second = write(tmp_path / "1", "192.0.2.50\n192.0.2.51\n"), write(tmp_path / "2", "192.0.2.51\n192.0.2.52\n")
    load(node, "--source", "daily", first)
    load(node, "--source", "daily", second)
    assert [bool(hits(node, f"192.0.2.{n}")) for n in (50, 51, 52)] == [True, True, True]
    load(node, "--source", "daily", "--replace", second)
    assert [bool(hits(node, f"192.0.2.{n}")) for n in (50, 51, 52)] == [False, True, True]
    (hit,) = hits(node, "192.0.2.51")
    assert hit["count"] == 1
    reports = node.json("report")
    assert all(not each["title"].startswith("https://r.example") for each in reports)


def test_refused_lines_are_counted_by_reason_with_their_numbers(node, tmp_path):
    lines = ["192.0.2.60", "not a value at all", "y" * 40_000, "\x00\x01", "192.0.2.61"]
    path = tmp_path / "broken.txt"
    path.write_bytes("\r\n".join(lines).encode() + b"\r\n\xff\xfe\xfd\r\n")
    outcome = load(node, "--source", "broken", "--as", "plain", path, expect=1)
    assert (outcome["lines"], outcome["values"], outcome["refused"]) == (6, 2, 4)
    reasons = {each["reason"]: each for each in outcome["refused_reasons"]}
    assert reasons["line too long"]["count"] == 1 and reasons["line too long"]["examples"][0]["line"] == 3
    assert [each["line"] for each in reasons["not a value"]["examples"]] == [2, 4, 6]
    told = node.run("import", "--source", "broken", "--as", "plain", path, expect=1)
    assert "broken.txt line 2" in told and "4 refused" in told


def test_standard_input_and_gzip_are_read(node, tmp_path):
    packed = gzip.compress(b"192.0.2.70\n")
    done = subprocess.run(node.command("import", "--source", "pipe", "-"), input=packed, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert hits(node, "192.0.2.70")


def test_a_damaged_archive_leaves_nothing(node, tmp_path):
    lines = b"".join(b"10.9.%d.%d\n" % (n // 250, n % 250) for n in range(60_000))
    path = tmp_path / "cut.txt.gz"
    path.write_bytes(gzip.compress(lines)[:-2000])
    told = node.run("import", "--source", "cut", "--as", "plain", path, expect=2)
    assert "nothing of this import was stored" in told
    assert not hits(node, "10.9.0.1")


@pytest.mark.parametrize("words, what", [
    (["--as", "nonsense", "--source", "x"], "noroshi list feeds"),
    (["--as", "plain"], "--source NAME"),
    (["--as", "csv", "--source", "x"], "--columns"),
    (["--source", "analyst/admin"], "not for feeds"),
    (["--source", "sensor/home"], "not for feeds"),
    (["--source", " "], "blanks"),
    (["--source", "x", "--expires", "soon"], "--expires"),
    (["--source", "x", "--expires", "0d"], "at least a second"),
    (["--source", "x", "--expires", "99999999d"], "a hundred years"),
    (["--source", "x", "--expires=-5d"], "at least a second"),
    (["--source", "x", "--even-if-smaller"], "--replace"),
    ([], "as a feed of indicators (plain) it needs --source NAME"),
    (["--source", "x", "--role", "villain"], "villain"),
])
def test_wrong_use_says_what_is_possible(node, tmp_path, words, what):
    path = write(tmp_path / "list.txt", "192.0.2.80\n")
    done = subprocess.run(node.command("import", *words, path), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and what in done.stderr, done.stderr
    assert not hits(node, "192.0.2.80")


ERROR_PAGE = "<html>\n<body>503 Service Unavailable</body>\n</html>\n"


def test_an_error_page_half_a_bundle_or_a_cut_list_do_not_replace_a_feed(node, tmp_path):
    ten = "".join(f"192.0.2.{n}\n" for n in range(100, 110))
    load(node, "--source", "whole", "--replace", write(tmp_path / "ten", ten))
    told = node.run("import", "--source", "whole", "--replace", "--as", "plain", write(tmp_path / "page", ERROR_PAGE), expect=2)
    assert "what it said before stands" in told and "line 1" in told
    half = json.dumps(BUNDLE)[:-30]
    told = node.run("import", "--source", "whole", "--replace", "--as", "stix", write(tmp_path / "half.json", half), expect=2)
    assert "cut off" in told and "what it said before stands" in told
    few = write(tmp_path / "few", ten[:36])
    told = node.run("import", "--source", "whole", "--replace", "--as", "plain", few, expect=3)
    assert "--even-if-smaller" in told
    assert len(hits(node, "192.0.2.109")) == 1
    # Without --replace what was read of the half counts, and the report says how much that was.
    told = node.run("import", "--source", "half", "--as", "stix", write(tmp_path / "half.json", half), expect=1)
    assert "1 value of the file read before it" in told
    load(node, "--source", "whole", "--replace", "--even-if-smaller", few)
    assert not hits(node, "192.0.2.109") and hits(node, "192.0.2.102")


def test_an_empty_file_among_others_does_not_pass_for_a_shorter_feed(node, tmp_path):
    folder = tmp_path / "feed"
    folder.mkdir()
    for name, last in (("a", 240), ("b", 241), ("c", 242)):
        write(folder / f"{name}.txt", f"192.0.2.{last}\n")
    load(node, "--source", "parts", "--replace", folder)
    for hollow in ("a.txt", "c.txt"):
        before = (folder / hollow).read_text()
        write(folder / hollow, "")
        told = node.run("import", "--source", "parts", "--replace", folder, expect=2)
        assert f"{hollow}: an empty file" in told and "--even-if-smaller" in told
        write(folder / hollow, before)
    assert hits(node, "192.0.2.240") and hits(node, "192.0.2.242")
    told = node.run("import", "--source", "parts", write(tmp_path / "d.txt", "192.0.2.243\n"), write(tmp_path / "e.txt", ""), expect=2)
    assert "e.txt is empty" in told and not hits(node, "192.0.2.243")


def test_a_name_is_a_feed_or_peoples_reports_and_never_both(node, tmp_path):
    path = write(tmp_path / "list.txt", "192.0.2.85\n")
    node.run("report", "add", "--source", "partner", "--title", "by hand", "192.0.2.86")
    told = node.run("import", "--source", "partner", "--replace", path, expect=3)
    assert "noroshi report withdraw" in told
    assert hits(node, "192.0.2.86") and not hits(node, "192.0.2.85")
    load(node, "--source", "partner feed", path)
    told = node.run("report", "add", "--source", "partner feed", "--title", "by hand", "192.0.2.87", expect=3)
    assert "is a feed" in told


def test_a_marking_behind_its_indicator_holds(node, tmp_path):
    mark = "marking-definition--5d0c1f6a-3f7e-4b52-a1c6-9e2470d8b320"
    bundle = {"type": "bundle", "id": BUNDLE["id"], "objects": [
        {"type": "indicator", "id": "indicator--9", "pattern": "[domain-name:value = 'red.example.org']", "pattern_type": "stix",
         "valid_from": "2026-01-02T00:00:00Z", "object_marking_refs": [mark]},
        {"type": "marking-definition", "id": mark, "definition_type": "tlp", "definition": {"tlp": "red"}}]}
    load(node, "--source", "marked", "--tlp", "clear", write(tmp_path / "b.json", json.dumps(bundle)))
    (hit,) = hits(node, "red.example.org")
    assert hit["tlp"] == "red"


def test_what_lies_beside_lists_is_left_out_and_counted(node, tmp_path):
    folder = tmp_path / "feed"
    folder.mkdir()
    for name in ("LICENSE", "README.md", "NOTICE.txt"):
        write(folder / name, "Copyright, some words of prose\n")
    write(folder / "list.txt", "192.0.2.130\n")
    told = node.run("import", "--source", "beside", folder)
    assert "left out: 3 files" in told and "README.md" in told and "beside: 1 file of plain, 1 line" in told
    assert load(node, "--source", "beside", folder)["files_left_out"] == 3


def test_zip_is_read_like_tar(node, tmp_path):
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", "words of prose\n")
        packed.writestr("full.txt", "# list\n192.0.2.131\n192.0.2.132\n")
    outcome = load(node, "--source", "zipped", path)
    assert (outcome["files"], outcome["values"], outcome["files_left_out"]) == (1, 2, 1)
    done = subprocess.run(node.command("import", "--source", "zipped", "-"), input=path.read_bytes(), capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def test_what_is_empty_a_url_or_in_utf_16_is_told_as_that(node, tmp_path):
    nothing = write(tmp_path / "nothing", "")
    assert "nothing is empty" in node.run("import", "--source", "e", nothing, expect=2)
    done = subprocess.run(node.command("import", "--source", "e", "-"), input=b"", capture_output=True, text=False, timeout=PATIENCE)
    assert done.returncode == 2 and b"standard input is empty" in done.stderr
    (tmp_path / "zeros").write_bytes(bytes(1 << 20))
    assert "all zeros" in node.run("import", "--source", "e", "--as", "plain", tmp_path / "zeros", expect=2)
    told = node.run("import", "--source", "e", "https://feeds.example.com/list.txt", expect=2)
    assert "curl -fsSL 'https://feeds.example.com/list.txt' | noroshi import --source 'e'" in told
    (tmp_path / "wide").write_text("192.0.2.140\n192.0.2.141\n", encoding="utf-16")
    assert "iconv" in node.run("import", "--source", "e", tmp_path / "wide", expect=2)
    assert "in UTF-16" in node.run("import", "--source", "e", "--as", "plain", tmp_path / "wide", expect=1)


def test_an_import_that_adds_tells_what_it_cannot_lower(node, tmp_path):
    path = write(tmp_path / "list.txt", "192.0.2.150\n")
    load(node, "--source", "sure", "--to-ids", "--confidence", 90, path)
    told = node.run("import", "--source", "sure", "--no-to-ids", "--confidence", 10, path)
    assert "--replace takes it back" in told
    assert hits(node, "192.0.2.150")[0]["to_ids"]
    assert "takes it back" not in node.run("import", "--source", "sure", "--no-to-ids", "--confidence", 10, "--replace", path)
    (hit,) = hits(node, "192.0.2.150")
    assert (hit["to_ids"], hit["confidence"]) == (False, 10)


def test_a_bundle_without_a_source_is_no_log(node, tmp_path):
    told = node.run("import", write(tmp_path / "b.json", json.dumps(BUNDLE)), expect=2)
    assert "--source NAME" in told


def test_the_list_of_formats_is_the_registry(node):
    assert {each["name"] for each in node.json("list", "feeds")} == {"csv", "hosts", "maltrail", "misp", "plain", "stix"}


def test_a_client_that_is_killed_leaves_nothing_and_does_not_block_the_next(tmp_path):
    with Node(tmp_path) as node:
        command = subprocess.Popen(node.command("import", "--source", "slow", "--as", "plain", "-"), stdin=subprocess.PIPE)
        command.stdin.write(b"".join(b"10.8.%d.%d\n" % (n // 250, n % 250) for n in range(60_000)) * 8)
        command.stdin.flush()
        # Two pieces went out, so a load is open: another of the same source is told so.
        other = write(tmp_path / "other", "192.0.2.90\n")

        def is_open():
            done = subprocess.run(node.command("import", "--source", "slow", other), capture_output=True, text=True, timeout=PATIENCE)
            return "going on" in done.stderr

        wait_until(is_open, "the slow import has begun")
        command.kill()
        command.wait(PATIENCE)
        assert not hits(node, "10.8.0.1")
        load(node, "--source", "another", other)
        assert hits(node, "192.0.2.90")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_interrupted_is_given_up_at_once(tmp_path, number):
    with Node(tmp_path) as node:
        command = subprocess.Popen(node.command("import", "--source", "slow", "--as", "plain", "-"), stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        command.stdin.write(b"".join(b"10.6.%d.%d\n" % (n // 250, n % 250) for n in range(60_000)) * 8)
        command.stdin.flush()
        other = write(tmp_path / "other", "192.0.2.92\n")

        def is_open():
            done = subprocess.run(node.command("import", "--source", "slow", other), capture_output=True, text=True, timeout=PATIENCE)
            return "going on" in done.stderr

        wait_until(is_open, "the slow import has begun")
        command.send_signal(number)
        _, told = command.communicate(timeout=PATIENCE)
        assert command.returncode == -number and b"interrupted; nothing of this import was stored" in told
        load(node, "--source", "slow", other)
        assert hits(node, "192.0.2.92") and not hits(node, "10.6.0.1")


def test_a_node_that_is_killed_has_all_of_what_was_finished_and_nothing_else(tmp_path):
    node = Node(tmp_path).start()
    load(node, "--source", "done", write(tmp_path / "a", "192.0.2.91\n"))
    command = subprocess.Popen(node.command("import", "--source", "torn", "--as", "plain", "-"), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    command.stdin.write(b"".join(b"10.7.%d.%d\n" % (n // 250, n % 250) for n in range(60_000)) * 8)
    command.stdin.flush()
    node.kill()
    try:
        command.communicate(timeout=PATIENCE)
    except BrokenPipeError:
        command.wait(PATIENCE)
    assert command.returncode != 0
    with node:
        assert hits(node, "192.0.2.91") and not hits(node, "10.7.0.1")
