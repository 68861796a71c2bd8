"""One sensor stands for a whole prefix. In a network namespace of the test's own, with AnyIP."""

import os
import subprocess
import sys

import pytest

from noroshi import Node, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")

PERSONAS = ("nginx", "nas", "camera")
# Runs inside the namespace: the Server header of each address, one line each; "-" for an address that does not answer.
LOOK = """
import http.client, sys
port, *addresses = sys.argv[1:]
for address in addresses:
    try:
        connection = http.client.HTTPConnection(address, int(port), timeout=5 if address.startswith("192.0.2.") else 0.3)
        connection.request("GET", "/")
        print(address, connection.getresponse().getheader("Server"), flush=True)
    except OSError:
        print(address, "-", flush=True)
"""


@pytest.fixture
def namespace():
    name = f"noroshi-prefix-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no network namespaces here: {made.stderr}")
    prefix = ["ip", "netns", "exec", name]
    subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], check=True)
    for route in ("192.0.2.0/24", "198.51.100.0/24"):
        subprocess.run([*prefix, "ip", "route", "add", "local", route, "dev", "lo"], check=True)
    yield prefix
    subprocess.run(["ip", "netns", "delete", name], check=True)


def look(namespace, port, addresses):
    command = [*namespace, sys.executable, "-c", LOOK, str(port), *addresses]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def test_256_addresses_answer_each_with_its_own_persona_and_keep_it(tmp_path, namespace):
    node = Node(tmp_path, settings=["sense.listen=http@nginx+nas+camera:192.0.2.0/24:0"])
    addresses = [f"192.0.2.{host}" for host in range(256)]
    node.start(prefix=namespace)
    try:
        listener = node.status()["listeners"][0]
        assert (listener["address"], listener["persona"]) == ("192.0.2.0/24", "nginx+nas+camera")
        first = look(namespace, listener["port"], addresses)
        assert len(first) == 256 and len(set(first.values())) == len(PERSONAS), first
        assert "-" not in first.values()
        outside = look(namespace, listener["port"], ["127.0.0.1", "198.51.100.1"])
        assert set(outside.values()) == {"-"}, outside
        node.stop()
        node.start(prefix=namespace)
        again = look(namespace, node.status()["listeners"][0]["port"], addresses)
        assert again == first
        profile = wait_until(lambda: node.knows("192.0.2.200") and node.json("show", "ip", "192.0.2.200")[0], "a visitor's profile")
        # Over loopback a visitor of 192.0.2.200 comes from that same address: what it visited is recorded exactly.
        visit = node.json("show", "session", profile["visits"][0]["session"])[0]
        assert visit["dst"] == "192.0.2.200"
        assert visit["observations"][0]["persona"] in PERSONAS
    finally:
        node.__exit__()
