"""kill -9 of the node, of an uplink and of the decoys child at random moments under load: what a visitor got an answer
to is in the stores exactly once, and all stores agree."""

import collections
import http.client
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from noroshi import Node, child_of, wait_until

ROUNDS = 300 if os.environ.get("NOROSHI_LONG") else 20
SEED = 20261121
PAUSE = 0.004  # seconds of a visitor between two visits: kills are tested here, not how much a machine bears


def free_port(chance):
    """A port that is free now and stays so: below those that the kernel gives to outgoing connections, of which the load
    makes thousands while the decoys behind this port are being killed and come back."""
    first_ephemeral = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = chance.randrange(10_000, first_ephemeral)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Load:
    """Visitors that ask for paths nobody else asks for, and remember which were answered."""

    def __init__(self, ports):
        self.ports = ports
        self.answered = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.visit, args=(number,)) for number in range(4)]
        for thread in self.threads:
            thread.start()

    def visit(self, number):
        count = 0
        while not self.stopping.is_set():
            port = self.ports[(number + count) % len(self.ports)]
            path = f"/visit-{number}-{count}"
            count += 1
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                connection.getresponse().read()
                self.answered.append(path)
                connection.close()
                time.sleep(PAUSE)
            except OSError:
                time.sleep(0.01)  # nobody is there right now; not a wait for anything
            except http.client.HTTPException:
                pass

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Sensor:
    """`noroshi sense` beside the node: an uplink process of its own, with its own decoys child."""

    def __init__(self, node, port):
        self.node = node
        self.spool = node.folder / "sensor-spool"
        self.words = [*node.command("sense"), "--name", "second", "--node", str(node.data / "api.sock"), "--spool", str(self.spool)]
        self.words[self.words.index(f"sense.listen=http@nginx:127.0.0.1:{node.http}")] = f"sense.listen=http@nginx:127.0.0.1:{port}"
        self.process = None
        self.log = node.folder / "sensor.log"
        self.log.touch()

    def start(self):
        self.said_before = self.log.stat().st_size
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log)

    def said(self):
        """By this process and, as they share the log, by decoys of those before it that have not noticed its end yet."""
        return self.log.read_bytes()[self.said_before:].decode(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def spooled(folder):
    return [entry for entry in pathlib.Path(folder).iterdir() if entry.suffix in (".seg", ".open")]


def answers(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/probe")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None


def requests_stored(node):
    """How often each path stands in the observation store: asked of the store itself, after the node has ended."""
    top = node.json("top", "request", "path", "--limit", "10000000")
    return collections.Counter({each["value"]: each["count"] for each in top})


def test_nothing_that_was_answered_is_lost_or_doubled_by_kill_9(tmp_path):
    chance = random.Random(SEED)
    # Not the seeded one: tests that run side by side must not choose the same.
    ports = [free_port(random.SystemRandom()) for _ in range(2)]
    node = Node(tmp_path, settings=[f"sense.listen=http@nginx:127.0.0.1:{ports[0]}"])
    node.http = ports[0]
    sensor = Sensor(node, ports[1])
    killed = collections.Counter()
    load = Load(ports)
    try:
        node.start()
        sensor.start()
        for _ in range(ROUNDS):
            before = len(load.answered)
            aim = before + chance.randrange(1, 120)
            wait_until(lambda: len(load.answered) >= aim, "visitors are answered")
            victim = chance.choice(["node", "node's child", "uplink", "uplink's child"])
            killed[victim] += 1
            if victim == "node":
                node.kill()
                node.start()
            elif victim == "uplink":
                sensor.process.kill()
                sensor.process.wait()
                sensor.start()
            else:
                parent = node.process if victim.startswith("node") else sensor.process
                child = wait_until(lambda: child_of(parent.pid) or parent.poll() is not None, f"{victim} runs")
                if parent.poll() is None:
                    os.kill(child, signal.SIGKILL)
            # Decoys that die before they are up end `noroshi sense`, which says so: a service manager starts it again.
            if sensor.process.poll() is not None:
                assert "did not start (killed by signal 9)" in sensor.said(), sensor.said()
                sensor.start()
        # An orderly end seals everything, where there is a child to do it.
        for port in ports:
            wait_until(lambda: answers(port), f"the decoys on {port} are back")
        load.stop()
        sensor.stop()
        wait_until(lambda: not spooled(sensor.spool), "the sensor's spool is empty")
        node.stop()
        wait_until(lambda: not spooled(node.data / "spool"), "the node's spool is empty")

        stored = requests_stored(node)
        lost = [path for path in load.answered if stored[path] == 0]
        doubled = [path for path, count in stored.items() if count > 1 and path != "/probe"]
        print(f"{len(load.answered)} answered, {sum(stored.values())} stored, kills: {dict(killed)}")
        assert not lost, f"{len(lost)} of {len(load.answered)} answered requests are missing, first {lost[:5]}"
        assert not doubled, f"{len(doubled)} requests stand more than once, first {doubled[:5]}"

        # Each store counted for itself; all must have come to the same.
        profile = node.json("show", "ip", "127.0.0.1")[0]
        hits = node.json("search", "127.0.0.1")[0]["hits"]
        sensors = node.json("sensors")
        assert sum(each["observations"] for each in sensors) == profile["observations"]
        assert sum(hit["count"] for hit in hits) == profile["sessions"]
    finally:
        load.stop()
        node.__exit__()
        if sensor.process and sensor.process.poll() is None:
            sensor.process.kill()
        print(sensor.log.read_text()[-4000:])


def test_a_spool_left_by_a_killed_child_is_handed_over_by_the_next(tmp_path):
    with Node(tmp_path) as node:
        port = node.port("http")
        os.kill(node.process.pid, signal.SIGSTOP)  # nobody takes segments away
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/kept")
            connection.getresponse().read()
            os.kill(wait_until(node.decoys_pid, "the child"), signal.SIGKILL)
        finally:
            os.kill(node.process.pid, signal.SIGCONT)
        wait_until(lambda: node.knows("127.0.0.1"), "the visit")
        wait_until(lambda: requests_of(node)["/kept"] == 1, "the request of the killed child")


def requests_of(node):
    return collections.Counter({each["value"]: each["count"] for each in node.json("top", "request", "path")})


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_leaves_nothing_behind(tmp_path, sign):
    with Node(tmp_path) as node:
        child = node.decoys_pid()
        connection = http.client.HTTPConnection("127.0.0.1", node.port("http"), timeout=5)
        connection.request("GET", "/last")
        connection.getresponse().read()
        node.process.send_signal(sign)
        assert node.process.wait(60) == 0
        assert not pathlib.Path(f"/proc/{child}").exists()
        assert not spooled(node.data / "spool")
        node.process = None
        assert requests_of(node)["/last"] == 1
