"""Behind an nftables redirect the original destination is what is recorded. In a network namespace of the test's own."""

import os
import subprocess

import pytest

from noroshi import Node, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")

RULES = """
table inet towers {{
  chain output {{
    type nat hook output priority -100
    meta nfproto ipv4 tcp dport 2000-2999 redirect to :{four}
    meta nfproto ipv6 tcp dport 2000-2999 redirect to :{six}
  }}
}}
"""


@pytest.fixture
def namespace():
    name = f"noroshi-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no network namespaces here: {made.stderr}")
    prefix = ["ip", "netns", "exec", name]
    subprocess.run([*prefix, "ip", "link", "set", "lo", "up"], check=True)
    yield prefix
    subprocess.run(["ip", "netns", "delete", name], check=True)


def test_the_port_that_the_visitor_meant_is_recorded_for_both_families(tmp_path, namespace):
    node = Node(tmp_path, settings=["sense.listen=http@nginx:127.0.0.1:0,http@nginx:[::1]:0"])
    node.start(prefix=namespace)
    try:
        listeners = node.status()["listeners"]
        four = next(each["port"] for each in listeners if ":" not in each["address"])
        six = next(each["port"] for each in listeners if ":" in each["address"])
        rules = RULES.format(four=four, six=six)
        loaded = subprocess.run([*namespace, "nft", "-f", "-"], input=rules, capture_output=True, text=True)
        if loaded.returncode != 0:
            pytest.skip(f"no nat in this kernel: {loaded.stderr}")
        subprocess.run([*namespace, "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:2023/four"], check=True, timeout=20)
        subprocess.run([*namespace, "curl", "-s", "-o", "/dev/null", "http://[::1]:2080/six"], check=True, timeout=20)
        wait_until(lambda: node.knows("127.0.0.1") and node.knows("::1"), "both visits")
        assert 2023 in node.json("show", "ip", "127.0.0.1")[0]["ports"]
        assert 2080 in node.json("show", "ip", "::1")[0]["ports"]
    finally:
        node.__exit__()
