"""A disk that is full or turns read-only: a clear sentence, nothing stored is lost, and the node recovers by itself."""

import collections
import http.client
import os
import pathlib
import subprocess

import pytest

from noroshi import Node, PROGRAM, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


class SmallDisk:
    """A tmpfs of `size` below `folder`, unmounted at the end."""

    def __init__(self, folder, size):
        self.path = pathlib.Path(folder) / "disk"
        self.path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr}")

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)

    def remount(self, option):
        subprocess.run(["mount", "-o", f"remount,{option}", self.path], check=True)


def visit(node, path):
    connection = http.client.HTTPConnection("127.0.0.1", node.port("http"), timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def stored(node):
    return collections.Counter({each["value"]: each["count"] for each in node.json("top", "request", "path", "--limit", "100000")})


def test_a_full_disk_stops_nothing_that_is_stored_and_the_node_recovers(tmp_path):
    with SmallDisk(tmp_path, "64m") as disk, Node(disk) as node:
        port = node.port("http")
        assert visit(node, "/before")
        wait_until(lambda: stored(node)["/before"] == 1, "the visit before")
        ballast = disk / "ballast"
        file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(file, bytes(1 << 16))
        except OSError:
            pass
        os.close(file)
        # Decoys go on answering; what they see waits or is counted as dropped.
        for number in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", f"/during-{number}")
            connection.getresponse().read()
        ballast.unlink()
        assert visit(node, "/after")
        wait_until(lambda: stored(node)["/after"] == 1, "the visit after")
        counts = stored(node)
        assert counts["/before"] == 1
        assert max(counts.values()) == 1, "doubled by the repetition"
        drops = node.status()["spool"]["drops"]
        missing = sum(1 for number in range(20) if counts[f"/during-{number}"] == 0)
        assert missing == 0 or drops >= missing, "lost without being counted"


def test_a_read_only_disk_keeps_what_is_stored(tmp_path):
    with SmallDisk(tmp_path, "64m") as disk:
        node = Node(disk)
        with node:
            assert visit(node, "/before")
            wait_until(lambda: stored(node)["/before"] == 1, "the visit before")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        try:
            for words in (["serve"], ["status"]):
                done = subprocess.run([PROGRAM, "--data", str(node.data), *words], capture_output=True, text=True, timeout=60)
                assert done.returncode == 3
                assert str(node.data) in done.stderr and "read-only" in done.stderr.lower(), done.stderr
            for words in (["store", "check"], ["store", "stats"]):
                done = subprocess.run([PROGRAM, "--data", str(node.data), *words], capture_output=True, text=True, timeout=60)
                assert done.returncode == 0 and "manifest" in done.stdout, done.stderr
        finally:
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        with node:
            assert stored(node)["/before"] == 1
            assert visit(node, "/after")
            wait_until(lambda: stored(node)["/after"] == 1, "the visit after")


def size_of(spool):
    """Bytes of sealed segments; one may go while we look."""
    total = 0
    for entry in spool.glob("*.seg"):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            pass
    return total


def test_a_spool_past_its_cap_drops_the_oldest_first_and_says_so(tmp_path):
    """Nobody takes segments away while the node stands still; the child drops the oldest and counts them."""
    import signal

    with Node(tmp_path, settings=["sense.spool_cap=1MiB"]) as node:
        port = node.port("http")
        os.kill(node.process.pid, signal.SIGSTOP)
        try:
            for number in range(1200):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("POST", f"/fill-{number}", body=b"x" * 4000)
                connection.getresponse().read()
                connection.close()
            spool = node.data / "spool"
            wait_until(lambda: size_of(spool) <= 1400 * 1024, "the cap holds")
        finally:
            os.kill(node.process.pid, signal.SIGCONT)
        wait_until(lambda: stored(node)["/fill-1199"] == 1, "the newest")
        status = wait_until(lambda: (lambda s: s if s["spool"]["drops"] > 0 else None)(node.status()), "the count of drops")
        missing = sum(1 for number in range(1200) if stored(node)[f"/fill-{number}"] == 0)
        assert missing > 0
        assert status["spool"]["drops"] >= missing
        assert stored(node)["/fill-0"] == 0, "the oldest goes first"
