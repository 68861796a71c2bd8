"""What system tests share: a node of their own, started from the built program, on ports that the kernel picks."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

PROGRAM = os.environ["NOROSHI_PROGRAM"]
PATIENCE = 60  # seconds; a bound for a loaded machine, never a wait: everything below polls


def wait_until(condition, what, patience=PATIENCE):
    """Polls `condition` until it gives something true, and returns that."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)


class Node:
    """A data directory and, between start() and stop(), the node that runs on it."""

    LISTEN = "telnet@router:127.0.0.1:0,http@nginx:127.0.0.1:0,any:127.0.0.1:0"

    def __init__(self, folder, settings=()):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.settings = [
            f"sense.listen={self.LISTEN}",
            "api.listen=127.0.0.1:0",
            "peer.listen=127.0.0.1:0",
            "derive.private_addresses=true",
            "sense.source_rate=60000",
            "sense.source_sessions=10000",
            *settings,
        ]
        self.process = None
        self.log = self.folder / "node.log"

    def command(self, *words):
        """The words of a command line with this node's data directory and settings."""
        settings = [word for setting in self.settings for word in ("--set", setting)]
        return [PROGRAM, "--data", str(self.data), *settings, *map(str, words)]

    def run(self, *words, expect=0, **options):
        """Runs one command to its end and returns what it printed."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=PATIENCE, **options)
        assert done.returncode == expect, f"{words}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}"
        return done.stdout if expect in (0, 1) else done.stderr

    def json(self, *words, expect=0):
        """Runs one command with --format json and returns its objects."""
        return [json.loads(line) for line in self.run(*words, "--format", "json", expect=expect).splitlines()]

    def init(self):
        if not (self.data / "catalogue.sqlite").exists():
            self.run("init")
        return self

    def start(self, prefix=()):
        self.init()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*prefix, *self.command("serve")], stdout=log, stderr=log)
        self.wait_until_up()
        return self

    def wait_until_up(self):
        def up():
            assert self.process.poll() is None, f"the node ended by itself:\n{self.log.read_text()}"
            return self.answers() and self.try_status()

        wait_until(up, f"the node answers\n{self.log.read_text()}")

    def answers(self):
        """Somebody accepts on the node's socket; a command would otherwise open the stores itself, beside a node that starts."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.data / "api.sock"))
                return True
            except OSError:
                return False

    def try_status(self):
        done = subprocess.run(self.command("status", "--format", "json"), capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            return None
        status = json.loads(done.stdout)
        return status if status.get("listeners") else None

    def status(self):
        return wait_until(self.try_status, "noroshi status with listeners")

    def port(self, decoy):
        return next(each["port"] for each in self.status()["listeners"] if each["decoy"] == decoy)

    def decoys_pid(self):
        """The process id of the decoys child, from /proc: the child of ours that runs `decoys`."""
        return child_of(self.process.pid)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE) == 0, self.log.read_text()
        self.process = None

    def kill(self):
        """As a power cut would for this program: no chance to say good-bye."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(PATIENCE)

    def api_port(self):
        """Of the HTTP API over TCP."""
        return int(self.status()["api"][0].rsplit(":", 1)[1])

    def visit_http(self, path):
        """One visitor of the http decoy: one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("http"), timeout=PATIENCE)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

    def wait_for_observations(self, count, address="127.0.0.1"):
        wait_until(lambda: self.observations(address) >= count, f"{count} observations of {address}")

    def metric(self, name):
        """The value of a counter without labels on the node's metrics page."""
        page = subprocess.run(["curl", "-s", "--unix-socket", self.data / "api.sock", "http://node/metrics"],
                              capture_output=True, text=True, timeout=PATIENCE).stdout
        return sum(float(line.split()[1]) for line in page.splitlines() if line.split()[:1] == [name])

    def observations(self, address="127.0.0.1"):
        """How many observations of a source every store has applied."""
        answers = self.json("show", "ip", address, expect=0) if self.knows(address) else []
        return answers[0]["observations"] if answers else 0

    def knows(self, address):
        done = subprocess.run(self.command("show", "ip", address, "--format", "json"), capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0


def child_of(pid):
    """The pid of the `noroshi … decoys` child of a process, or None."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(stat.rsplit(")", 1)[1].split()[1]) == pid and b"decoys" in words:
            return int(entry.name)
    return None


def converse(port, *said, host="127.0.0.1", timeout=10):
    """Connects, and says each thing in turn after the answer to the one before; returns everything heard."""
    heard = b""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        for words in said:
            connection.sendall(words)
            connection.settimeout(timeout)
            try:
                heard += connection.recv(65536)
            except TimeoutError:
                pass
    return heard


def visit_from(source, port, *said):
    """One conversation from a loopback address: each of `said` is sent after the decoy has spoken, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0)) as connection:
        connection.settimeout(PATIENCE)
        for words in said:
            connection.recv(65536)
            connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
