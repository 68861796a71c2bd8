"""Three sensors, each in a network namespace of its own, report to one node: through a cable that is pulled, a slow line,
restarts of both ends, and a spool that overflows. What was seen is stored or counted as dropped, and nothing twice."""

import datetime
import os
import pathlib
import subprocess
import sys
import time

import pytest

from namespaces import Missing, Network
from noroshi import PATIENCE, Node, wait_until
from remote import RemoteSensor, enrol, sensor

EACH = 3  # observations of a visit: opened, request, closed
NAMES = ["near", "far", "full"]


class RelayProcess:
    """The relay of the tests as a process inside a namespace."""

    def __init__(self, prefix, listen, target, delay):
        words = [*prefix, sys.executable, str(pathlib.Path(__file__).parent / "remote.py"), listen, *map(str, target), str(delay)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ)
        self.address = self.process.stdout.readline().strip()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Post:
    """A sensor in its namespace, and how often it was visited."""

    def __init__(self, folder, name, prefix, settings=()):
        self.prefix = prefix
        self.visits = 0
        self.sensor = RemoteSensor(folder, name, settings=settings, prefix=prefix)

    def visit(self, count, padding=""):
        port = self.sensor.port()
        first, self.visits = self.visits, self.visits + count
        url = f"http://127.0.0.1:{port}/{self.sensor.name}-[{first}-{first + count - 1}]{padding}"
        subprocess.run([*self.prefix, "curl", "-s", "-o", "/dev/null", "-H", "Connection: close", url], check=True, timeout=PATIENCE)


@pytest.fixture
def network():
    try:
        made = Network(len(NAMES))
    except (Missing, OSError) as refused:
        pytest.skip(f"NO NETWORK NAMESPACES HERE, sensors in namespaces are not tested: {refused}")
    yield made
    made.close()


@pytest.fixture
def posts(tmp_path, network):
    made = {name: Post(tmp_path / name, name, leaf.prefix, ["sense.spool_cap=1MiB"] if name == "full" else []) for name, leaf in zip(NAMES, network.leaves)}
    yield made
    for each in made.values():
        each.sensor.end()


def stored(node):
    return {each["name"]: each["observations"] for each in node.json("sensors") if each["name"] in NAMES}


def believed(node):
    """Visits that count, by the sensor that saw them."""
    hits = node.json("search", "127.0.0.1")[0]["hits"]
    return {hit["source"].removeprefix("sensor/"): hit["count"] for hit in hits if hit["attribute"] == "decoy/http"}


def test_sensors_in_namespaces_lose_nothing_uncounted_and_are_distrusted_exactly(tmp_path, network, posts):
    near, far, full = (posts[name] for name in NAMES)
    node = Node(tmp_path, settings=["peer.listen=0.0.0.0:0"]).start(prefix=network.hub.prefix)
    relay = None
    try:
        port = node.status()["peer"][0].rsplit(":", 1)[1]
        relay = RelayProcess(network.hub.prefix, network.hub_address(1), ("127.0.0.1", port), 0.05)
        addresses = {"near": f"{network.hub_address(0)}:{port}", "far": relay.address, "full": f"{network.hub_address(2)}:{port}"}
        for name, post in posts.items():
            post.sensor.start(enrol(node, name, address=addresses[name]))
            post.visit(10)
        wait_until(lambda: stored(node) == {name: 10 * EACH for name in NAMES}, "every line works")

        network.set_cable(0, "down")
        near.visit(10)
        wait_until(near.sensor.spooled, "what is seen behind the pulled cable is spooled")
        far.visit(10)
        far.sensor.kill()
        far.sensor.start()
        network.set_cable(0, "up")
        far.visit(10)
        near.visit(10)

        node.stop()
        near.visit(10)
        far.visit(10)
        while not full.sensor.status()["spool"]["dropped"]:
            full.visit(50, "x" * 3000)
            assert full.visits < 5000
        full.sensor.stop()
        near.sensor.stop()
        node.settings = [each for each in node.settings if not each.startswith("peer.listen")] + [f"peer.listen=0.0.0.0:{port}"]
        node.start(prefix=network.hub.prefix)
        full.sensor.start()
        near.sensor.start()
        near.visit(10)

        seen = {name: post.visits * EACH for name, post in posts.items()}
        told = wait_until(lambda: (lambda all_of: all_of if {name: each["observations"] + each["drops"] for name, each in all_of.items()} == seen else None)({name: sensor(node, name) for name in NAMES}), f"stored and dropped together are {seen}")
        assert not any(post.sensor.spooled() for post in posts.values())
        assert (told["near"]["drops"], told["far"]["drops"]) == (0, 0)
        assert told["full"]["drops"] > 0
        line = next(line for line in node.run("sensors").splitlines() if line.startswith("full"))
        assert str(told["full"]["drops"]) in line.split(), line
        top = node.json("top", "request", "path", "--limit", "1000000")
        assert [each["value"] for each in top if each["count"] != 1] == []
        assert sum(each["value"].startswith(("/near-", "/far-")) for each in top) == near.visits + far.visits

        before = wait_until(lambda: (lambda counts: counts if (counts["near"], counts["far"]) == (near.visits, far.visits) else None)(believed(node)), "every visit counts")
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
        for post in posts.values():
            post.visit(5)
        after = {name: count + 5 for name, count in before.items()}
        wait_until(lambda: believed(node) == after, "later visits count too")
        asked = time.monotonic()
        node.run("sensors", "distrust", "near", "--since", moment)
        wait_until(lambda: believed(node) == {**after, "near": before["near"]}, "what came since is withdrawn, and nothing else", patience=60)
        assert time.monotonic() - asked < 60
    finally:
        if relay:
            relay.close()
        node.__exit__()
