"""Sensors that join a node over the peer port, and a small TCP relay that delays and cuts their line."""

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from noroshi import PATIENCE, PROGRAM, wait_until


class Relay:
    """Passes bytes between a port of its own and a target: late, and not at all while it is cut."""

    def __init__(self, target, delay=0.0, listen="127.0.0.1"):
        self.target = target
        self.delay = delay
        self.is_cut = False
        self.pairs = []
        self.listen = listen
        self.listener = socket.create_server((listen, 0))
        self.port = self.listener.getsockname()[1]
        self.stopping = False
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self):
        return f"{self.listen}:{self.port}"

    def accept(self):
        while not self.stopping:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(self.target, timeout=10)
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    def carry(self, client, server):
        with contextlib.suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([client, server], [], [], 60)
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return self.drop(client, server)
                    time.sleep(self.delay)  # the line's own delay
                    (server if source is client else client).sendall(data)
        self.drop(client, server)

    @staticmethod
    def drop(*sockets):
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def cut(self):
        """In the middle of whatever is on its way."""
        self.is_cut = True
        for pair in self.pairs:
            self.drop(*pair)
        self.pairs.clear()

    def mend(self):
        self.is_cut = False

    def close(self):
        self.stopping = True
        self.cut()
        self.listener.close()


class RemoteSensor:
    """`noroshi sense` with a data folder of its own, joined to a node."""

    def __init__(self, folder, name, listen="http@nginx:127.0.0.1:0", settings=(), environment=None, prefix=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.data = self.folder / f"{name}-data"
        self.name = name
        self.settings = [f"sense.listen={listen}", "sense.source_rate=60000", "sense.source_sessions=10000", *settings]
        self.environment = {**os.environ, **(environment or {})}
        self.prefix = list(prefix)
        self.process = None
        self.log = self.folder / f"{name}.log"

    def command(self, *words):
        settings = [word for setting in self.settings for word in ("--set", setting)]
        return [*self.prefix, PROGRAM, "--data", str(self.data), *settings, "sense", *words]

    def try_join(self, code):
        """Runs `sense --join` to its end; for codes that are refused."""
        return subprocess.run(self.command("--join", code), capture_output=True, text=True, timeout=PATIENCE, env=self.environment)

    def start(self, code=None):
        before = (self.status() or {"pid": None})["pid"]  # of decoys that a killed parent left, for a moment
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(*(["--join", code] if code else [])), stdout=log, stderr=log, env=self.environment)
        wait_until(lambda: self.gone() or (self.status() or {"pid": before})["pid"] != before, f"{self.name} listens")
        assert not self.gone(), self.log.read_text()
        return self

    def gone(self):
        return self.process.poll() is not None

    def status(self):
        try:
            status = json.loads((self.data / "spool" / "status.json").read_text())
        except (OSError, ValueError):
            return None
        return status if pathlib.Path(f"/proc/{status['pid']}").exists() else None

    def port(self):
        return wait_until(self.status, f"{self.name} listens")["listeners"][0]["port"]

    def spooled(self):
        return [entry for entry in (self.data / "spool").iterdir() if entry.suffix in (".seg", ".open")]

    def stop(self):
        if self.process and not self.gone():
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE) == 0, self.log.read_text()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self):
        if self.process and not self.gone():
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()


def peer_address(node):
    """Where the running node's peer port is, as (host, port)."""
    host, port = node.status()["peer"][0].rsplit(":", 1)
    return host, int(port)


def enrol(node, name, address=None, expires="24h"):
    words = ["sensors", "enrol", name, "--expires", expires, *(["--address", address] if address else [])]
    return node.json(*words)[0]["code"]


def sensor(node, name):
    return next((each for each in node.json("sensors") if each["name"] == name), None)


if __name__ == "__main__":
    # remote.py LISTEN HOST PORT DELAY: a relay of its own, inside a network namespace, until it is killed.
    relay = Relay((sys.argv[2], int(sys.argv[3])), float(sys.argv[4]), sys.argv[1])
    print(relay.address, flush=True)
    signal.pause()
