"""Sockets handed over as systemd does (sd_listen_fds(3)): low ports without any right, for decoys that are confined all the same."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile

import pytest

from noroshi import PATIENCE, PROGRAM, Node, converse, wait_until
from test_clients import wait_for
from test_confinement import proc_status

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]


def lesser_user():
    """How to become somebody without rights, where we are root and that user may run the program."""
    if os.geteuid() != 0 or subprocess.run([*NOBODY, PROGRAM, "--version"], capture_output=True).returncode != 0:
        return []
    return NOBODY


class Activated(Node):
    """A node that is given listening sockets as descriptors 3 and on, by a parent that goes without them."""

    def __init__(self, folder, decoys, ports):
        self.become = lesser_user()
        self.address = f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"  # low ports of our own
        if not self.become:
            ports = [0] * len(ports)
        self.sockets = [socket.create_server((self.address, port)) for port in ports]
        listen = ",".join(f"{decoy}:{self.address}:{each.getsockname()[1]}" for decoy, each in zip(decoys, self.sockets))
        super().__init__(folder, settings=[f"sense.listen={listen}"])
        if self.become:
            os.chown(self.folder, 65534, 65534)

    def popen(self):
        handed = [os.dup(each.fileno()) for each in self.sockets]
        # The shell names itself in LISTEN_PID and becomes the program.
        move = " ".join(f"{3 + place}<&{descriptor}" for place, descriptor in enumerate(handed))
        start = f'export LISTEN_PID=$$ LISTEN_FDS={len(handed)}; exec "$@" {move}'
        with open(self.log, "ab") as log:
            process = subprocess.Popen(["bash", "-c", start, "bash", *self.become, *self.command("serve")], stdout=log, stderr=log, pass_fds=handed)
        for descriptor in handed:
            os.close(descriptor)
        return process

    def start(self, prefix=()):
        subprocess.run([*self.become, *self.command("init")], check=True, capture_output=True, timeout=PATIENCE)
        self.process = self.popen()
        self.wait_until_up()
        for each in self.sockets:
            each.close()  # the node alone holds them now
        return self


@pytest.fixture
def folder():
    """One that another user can reach."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="noroshi-activated-"))
    yield made
    shutil.rmtree(made)


def test_decoys_take_over_sockets_of_systemd_and_are_confined(folder):
    with Activated(folder, ["telnet@router", "http@nginx"], [23, 80]) as node:
        telnet, http = node.port("telnet"), node.port("http")
        assert [telnet, http] == [23, 80] or not node.become
        assert {each["address"] for each in node.status()["listeners"]} == {node.address}
        converse(telnet, b"root\r\n", b"xc3511\r\n", host=node.address)
        assert b"nginx" in converse(http, b"GET /activated HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", host=node.address)
        wait_for(node, kind="login", username="root")
        wait_for(node, kind="request", path="/activated")

        status = proc_status(node.decoys_pid())
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0
        assert os.geteuid() != 0 or "0" not in status["Uid"].split()
        assert {each["name"] for each in node.status()["protections"] if each["active"]} >= {"seccomp", "no_new_privileges"}

        # Decoys that died get the same sockets again.
        former = node.decoys_pid()
        os.kill(former, 9)
        wait_until(lambda: node.decoys_pid() not in (None, former), "other decoys")
        converse(http, b"GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", host=node.address)
        wait_for(node, kind="request", path="/again")


def test_a_socket_that_no_decoy_is_named_for_is_told(folder):
    node = Activated(folder, ["telnet@router", "http@nginx"], [23, 80])
    node.settings = [each for each in node.settings if not each.startswith("sense.listen=")]
    node.settings.append(f"sense.listen=telnet@router:{node.address}:{node.sockets[0].getsockname()[1]}")
    subprocess.run([*node.become, *node.command("init")], check=True, capture_output=True, timeout=PATIENCE)
    assert node.popen().wait(PATIENCE) == 2
    assert f"systemd handed over a socket on {node.address}" in node.log.read_text()
