"""Questions of any size: answered in order while they are read, found by looking at everything, in bounded memory."""

import json
import os
import subprocess
import sys

import pytest
from noroshi import PATIENCE, Node

# Runs a command, and writes its peak of resident memory in KiB behind what it says.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
sys.stderr.write("\\n%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

NAMES = 200_000


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """A node that runs and knows some ten thousand indicators."""
    node = Node(tmp_path_factory.mktemp("tower")).init()
    values = node.folder / "values"
    values.write_text("".join(f"n{i}.example.com\n" for i in range(10_000)) + "198.51.100.7\n198.51.100.0/24\n2001:db8:5::1\n198.51.101.7\nhttp://n1.example.com/Gate.php\n")
    node.run("report", "add", "--title", "ten thousand", "--role", "c2", "-f", values)
    node.start()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def key(tower):
    return tower.json("keys", "add", "admin")[0]["key"]


@pytest.fixture(scope="module")
def api(tower):
    return f"127.0.0.1:{tower.api_port()}"


def curl(api, key, *words):
    return ["curl", "-sS", "-N", "-H", f"Authorization: Bearer {key}", "-H", "Expect:", *words[:-1], f"http://{api}{words[-1]}"]


def test_the_first_lines_of_a_long_answer_arrive_before_the_last_are_computed(tower, api, key):
    body = tower.folder / "body"
    body.write_text("".join(f"n{i}.example.com\n" for i in range(NAMES)))
    client = subprocess.Popen(curl(api, key, "--data-binary", f"@{body}", "/api/v1/search"), stdout=subprocess.PIPE)
    first = json.loads(client.stdout.readline())
    assert first["value"] == "n0.example.com" and first["known"]
    # Nobody reads on: so the node cannot have gone on to the end, which is some 60 MB away.
    assert client.poll() is None
    lines = [json.loads(line) for line in client.stdout]
    assert client.wait(PATIENCE) == 0
    assert len(lines) == NAMES
    assert all(line["value"] == f"n{i}.example.com" and line["known"] == (i < 10_000) for i, line in enumerate(lines[:-1], start=1))
    assert lines[-1]["members"][0]["status"] == "answered" and lines[-1]["members"][0]["values"] == NAMES


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def test_a_million_values_in_one_request_are_answered_in_bounded_memory(tower, api, key):
    body = tower.folder / "million"
    with open(body, "w") as out:
        out.write('{"values":[')
        out.writelines(f'"http://host{i}.example.net/a/path/that/is/as/long/as/those/of/phishing/pages/index.php?id={i}",' for i in range(999_999))
        out.write('"198.51.100.7"]}')
    size = body.stat().st_size >> 10
    before = resident_kib(tower.process.pid)
    done = subprocess.Popen(curl(api, key, "--data-binary", f"@{body}", "/api/v1/search"), stdout=subprocess.PIPE)
    count, last = 0, b""
    for line in done.stdout:
        count += 1
        previous, last = last, line
    assert done.wait(4 * PATIENCE) == 0
    assert count == 1_000_001
    assert json.loads(previous)["known"]
    assert json.loads(last)["members"][0]["values"] == 1_000_000
    # The body, its texts, and some: not the answer, which is three times as large.
    assert resident_kib(tower.process.pid) - before < 3 * size + 200_000
    with open(body, "r+b") as out:
        out.seek(-2, os.SEEK_END)
        out.write(b',"198.51.100.7"]}')
    refused = subprocess.run(curl(api, key, "--data-binary", f"@{body}", "/api/v1/search"), capture_output=True, timeout=2 * PATIENCE)
    assert json.loads(refused.stdout)["status"] == 413


def test_a_file_of_any_lines_is_asked_in_order_and_in_bounded_memory(tower):
    listed = tower.folder / "lines"
    with open(listed, "wb") as out:
        out.write(b"# a comment\n\xff\xfe broken\n")
        for _ in range(300):
            out.write(b"x" * (1 << 20))  # one line of 300 MiB
        out.write(b"\n" + b" " * (1 << 20) + b"n7.example.com  \r\n")
        out.writelines(b"n%d.example.com\n" % i for i in range(30_000))
    with open(tower.folder / "out", "wb") as out:
        # The peak of a child counts what its parent held when it began: so it begins in a small one.
        measured = [sys.executable, "-c", MEASURE, *tower.command("search", "-f", listed, "--format", "json")]
        asking = subprocess.run(measured, stdout=out, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    said, peak_kib = asking.stderr.rsplit("\n", 1)
    assert asking.returncode == 0, said
    assert int(peak_kib) < 150_000, peak_kib
    assert "line 3" in said and "16 KiB" in said
    lines = [json.loads(line) for line in (tower.folder / "out").read_text().splitlines()]
    assert len(lines) == 30_000 + 3 + 1
    assert lines[0]["type"] is None and lines[1]["type"] is None and len(lines[1]["value"]) < 20_000
    assert lines[2]["value"] == "n7.example.com" and lines[2]["known"]
    assert lines[-1]["members"][0]["values"] == 30_003


def test_a_table_of_many_rows_comes_in_blocks_under_one_title(tower):
    listed = tower.folder / "rows"
    listed.write_text("".join(f"n{i}.example.com\n" for i in range(5_000)))
    table = tower.run("search", "-f", listed)
    assert table.count("VALUE") == 1 and table.count("n4999.example.com") == 1
    csv = tower.run("search", "-f", listed, "--format", "csv").splitlines()
    assert len(csv) == 5_001 and csv[0].startswith("VALUE")


def test_a_range_a_domain_and_a_text_are_found_by_looking_at_everything(tower):
    def found(*words):
        lines = tower.json("search", *words)
        assert lines[-1]["members"][0]["status"] == "answered"
        return sorted(line["value"] for line in lines[:-1])

    assert found("--in", "198.51.100.0/24") == ["198.51.100.0/24", "198.51.100.7"]
    assert found("--in", "2001:db8::/32") == ["2001:db8:5::1"]
    assert len(found("--below", "example[.]com")) == 10_001
    assert found("--below", "example.com", "--type", "url") == ["http://n1.example.com/Gate.php"]
    assert found("--containing", "N999.Ex") == ["n999.example.com"]
    assert "Gate.php" in tower.run("search", "--containing", "Gate")
    tower.run("search", "--containing", "nowhere-at-all", expect=1)
    tower.run("search", "--in", "198.51.100.0/24", "192.0.2.1", expect=2)
    tower.run("search", "--in", "example.com", expect=2)
    tower.run("search", "--timeout", "5", "192.0.2.1", expect=2)


def test_a_question_outlives_its_node_with_what_was_answered_and_a_last_line_that_says_so(tmp_path):
    node = Node(tmp_path).start()
    asking = subprocess.Popen(node.command("search", "-f", "-", "--format", "json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    asking.stdin.write(b"".join(b"n%d.example.com\n" % i for i in range(10_000)))
    asking.stdin.flush()
    first = json.loads(asking.stdout.readline())
    assert first["value"] == "n0.example.com"
    answered = [first] + [json.loads(asking.stdout.readline()) for _ in range(9_999)]
    node.kill()
    rest, _ = asking.communicate(b"".join(b"m%d.example.com\n" % i for i in range(10_000)), timeout=PATIENCE)
    last = json.loads(rest.splitlines()[-1])["members"][0]
    assert asking.returncode == 1
    assert last["status"] == "partly" and last["reason"] and last["values"] == len(answered)
    node.stop()
