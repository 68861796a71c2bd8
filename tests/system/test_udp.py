"""Datagrams are recorded and never answered; their senders prove nothing."""

import socket
import subprocess

import pytest

from noroshi import Node, wait_until
from test_clients import observations

MONLIST = b"\x17\x00\x03\x2a" + bytes(4)
SIP = b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5060\r\n\r\n"


@pytest.fixture
def node(tmp_path):
    with Node(tmp_path, settings=["sense.listen=udp:127.0.0.1:0,udp:127.0.0.1:0"]) as running:
        yield running


def ports(node):
    return [each["port"] for each in node.status()["listeners"]]


def test_datagrams_are_recorded_and_nothing_is_answered(node):
    assert {each["transport"] for each in node.status()["listeners"]} == {"udp"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for bytes_ in (MONLIST, SIP, b"\x00\x01\x02 noise"):
            sender.sendto(bytes_, ("127.0.0.1", ports(node)[0]))
        found = wait_until(lambda: len(observations(node, kind="payload")) == 3 and observations(node, kind="payload"), "three datagrams")
        # All three have been recorded: an answer would be here by now.
        sender.setblocking(False)
        with pytest.raises(BlockingIOError):
            sender.recv(1)
    assert {each.get("protocol") for each in found} == {"ntp", "sip", None}
    assert {each["transport"] for each in found} == {"udp"}


def test_a_sender_of_datagrams_is_no_attack_source(node):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(SIP, ("127.0.0.1", ports(node)[0]))
    profile = wait_until(lambda: node.knows("127.0.0.1") and node.json("show", "ip", "127.0.0.1")[0], "the sender's profile")
    assert "spoofable" in {each["flag"] for each in profile["flags"]}
    assert profile["verdict"] == "unknown"
    assert not node.json("search", "127.0.0.1", expect=1)[0]["known"]  # exit 1: no value known


def test_nmap_hears_nothing_from_the_ports(node):
    scan = ["nmap", "-sU", "-Pn", "-n", "--max-retries", "1", "-p", ",".join(map(str, ports(node))), "127.0.0.1"]
    done = subprocess.run(scan, capture_output=True, text=True, timeout=120)
    if "requires root" in done.stdout + done.stderr:
        pytest.skip("nmap -sU needs root")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("open|filtered") == 2, done.stdout  # neither an answer nor "port unreachable"
    wait_until(lambda: node.knows("127.0.0.1"), "the scan")
