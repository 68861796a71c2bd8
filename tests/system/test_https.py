"""HTTPS with real clients: curl, openssl and nmap see the persona's server, and the node knows them by their hello."""

import hashlib
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from noroshi import Node, wait_until

LISTEN = "https@nginx:127.0.0.1:0,http@nginx:127.0.0.1:0,any:127.0.0.1:0"


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    with Node(tmp_path_factory.mktemp("https"), settings=[f"sense.listen={LISTEN}"]) as node:
        yield node


def observations(node, **wanted):
    """Observations over the newest visits of 127.0.0.1 whose members have the values wanted."""
    if not node.knows("127.0.0.1"):
        return []
    visits = node.json("show", "ip", "127.0.0.1")[0]["visits"]
    found = [each for visit in visits for each in node.json("show", "session", visit["session"])[0]["observations"]]
    return [each for each in found if all(each.get(name) == value for name, value in wanted.items())]


def wait_for(node, **wanted):
    return wait_until(lambda: observations(node, **wanted), f"an observation with {wanted}")


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **options)


def certificate(port):
    """What openssl reads in the certificate of a port."""
    shown = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "tower.example", stdin=subprocess.DEVNULL)
    return run("openssl", "x509", "-noout", "-subject", "-issuer", "-dates", "-fingerprint", "-sha256", "-ext", "basicConstraints", "-text", input=shown.stdout).stdout


def numbers(data):
    return [value for (value,) in struct.iter_unpack(">H", data)]


def grease(value):
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def ja4(records):
    """JA4 of a ClientHello in handshake records, written from FoxIO's description alone."""
    message = b""
    while records:
        (size,) = struct.unpack_from(">H", records, 3)
        message, records = message + records[5 : 5 + size], records[5 + size :]
    at = 4 + 2 + 32
    at += 1 + message[at]
    (size,) = struct.unpack_from(">H", message, at)
    ciphers = [each for each in numbers(message[at + 2 : at + 2 + size]) if not grease(each)]
    at += 2 + size
    at += 1 + message[at]
    extensions, end = {}, at + 2 + struct.unpack_from(">H", message, at)[0]
    at += 2
    while at < end:
        kind, size = struct.unpack_from(">HH", message, at)
        extensions[kind] = message[at + 4 : at + 4 + size]
        at += 4 + size
    kinds = [kind for kind in extensions if not grease(kind)]
    versions = [each for each in numbers(extensions.get(43, b"\0")[1:]) if not grease(each)] or numbers(message[4:6])
    version = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10"}[max(versions)]
    names = extensions.get(16, b"")
    first = names[3 : 3 + names[2]].decode() if names else ""
    head = f"t{version}{'d' if 0 in extensions else 'i'}{len(ciphers):02}{len(kinds):02}{first[:1] + first[-1:] or '00'}"
    signatures = [f"{each:04x}" for each in numbers(extensions.get(13, b"\0\0")[2:]) if not grease(each)]
    rest = ",".join(f"{kind:04x}" for kind in sorted(kinds) if kind not in (0, 16)) + ("_" if signatures else "") + ",".join(signatures)
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{head}_{digest(','.join(f'{each:04x}' for each in sorted(ciphers)))}_{digest(rest)}"


class Relay:
    """Stands between a client and a port, and keeps what the client sent first."""

    def __init__(self, port):
        self.target = port
        self.first = b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.relay, daemon=True)
        self.thread.start()

    def relay(self):
        client, _ = self.server.accept()
        decoy = socket.create_connection(("127.0.0.1", self.target))
        back = threading.Thread(target=self.copy, args=(decoy, client, False), daemon=True)
        back.start()
        self.copy(client, decoy, True)
        back.join(30)
        client.close()
        decoy.close()

    def copy(self, source, target, keep):
        try:
            while data := source.recv(65536):
                if keep and (len(self.first) < 5 or len(self.first) < 5 + struct.unpack_from(">H", self.first, 3)[0]):
                    self.first += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def hello(self):
        self.thread.join(30)
        return self.first[: 5 + struct.unpack_from(">H", self.first, 3)[0]]


def test_curl_gets_the_personas_pages_over_tls_and_keeps_its_connection(tower):
    url = f"https://127.0.0.1:{tower.port('https')}"
    page = run("curl", "-ski", f"{url}/", check=True).stdout
    assert page.startswith("HTTP/1.1 200 OK") and "\nServer: nginx/1.22.1" in page and "Welcome to nginx!" in page
    both = run("curl", "-sk", "-o", "/dev/null", "-w", "%{num_connects} ", f"{url}/.env", "-o", "/dev/null", f"{url}/.git/config", check=True)
    assert both.stdout == "1 0 "
    wait_for(tower, kind="request", path="/.git/config", service="https")


def test_the_certificate_is_the_personas_and_the_same_after_a_restart(tmp_path):
    with Node(tmp_path, settings=["sense.listen=https@nginx:127.0.0.1:0,https@router:127.0.0.1:0"]) as node:
        ports = {each["persona"]: each["port"] for each in node.status()["listeners"]}
        shown = {name: certificate(port) for name, port in ports.items()}
        node.stop()
        node.start()
        ports = {each["persona"]: each["port"] for each in node.status()["listeners"]}
        assert shown == {name: certificate(port) for name, port in ports.items()}
    assert "subject=CN = localhost" in shown["nginx"] and "issuer=CN = localhost" in shown["nginx"]
    assert "Public-Key: (2048 bit)" in shown["nginx"]
    assert re.search(r"subject=CN = gw-[0-9a-f]{4}, O = Home Gateway, OU = Gateway [0-9a-f]{6}\n", shown["router"]), shown["router"]
    assert "notBefore=Jun 18 00:00:00 2019 GMT" in shown["router"]
    kept = sorted(path.name for path in (node.data / "decoys").iterdir())
    assert {"nginx.pem", "router.pem"} <= set(kept)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (node.data / "decoys").iterdir())


def test_two_nodes_show_different_certificates(tower, tmp_path):
    with Node(tmp_path, settings=["sense.listen=https@nginx:127.0.0.1:0"]) as other:
        fingerprint = re.compile(r"Fingerprint=(\S+)")
        assert fingerprint.search(certificate(other.port("https")))[1] != fingerprint.search(certificate(tower.port("https")))[1]


@pytest.mark.parametrize(
    ("name", "client"),
    [
        ("curl", lambda port: ["curl", "-sk", "-o", "/dev/null", "--connect-to", f"curl.example:443:127.0.0.1:{port}", "https://curl.example/ja4"]),
        ("openssl", lambda port: ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "openssl.example", "-tls1_2"]),
    ],
)
@pytest.mark.parametrize("decoy", ["https", "any", "http"])
def test_ja4_is_that_of_the_hello_on_the_wire(tower, name, client, decoy):
    relay = Relay(tower.port(decoy))
    run(*client(relay.port), stdin=subprocess.DEVNULL)
    expected = ja4(relay.hello())
    served_by = "http" if decoy == "http" else "https"
    seen = wait_for(tower, kind="hello", sni=f"{name}.example", service=served_by, ja4=expected)
    assert re.fullmatch("[0-9a-f]{32}", seen[0]["ja3"])
    profile = wait_until(lambda: (shown := tower.json("show", "ip", "127.0.0.1")[0]) and expected in shown["fingerprints"]["ja4"] and shown, "the profile")
    assert seen[0]["ja3"] in profile["fingerprints"]["ja3"]
    assert expected in tower.run("show", "ip", "127.0.0.1")


def test_a_browser_that_forgets_the_s_and_one_that_adds_it_get_nginx_s_answers(tower):
    plain = run("curl", "-si", f"http://127.0.0.1:{tower.port('https')}/forgotten", check=True).stdout
    assert plain.startswith("HTTP/1.1 400 Bad Request") and "The plain HTTP request was sent to HTTPS port" in plain
    wait_for(tower, kind="request", path="/forgotten", service="https", status=400)
    with socket.create_connection(("127.0.0.1", tower.port("http")), timeout=20) as visitor:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="added.example")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        visitor.sendall(outgoing.read())
        answer = b""
        while more := visitor.recv(4096):
            answer += more
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n")
    wait_for(tower, kind="hello", sni="added.example", service="http")


def test_nmap_names_the_web_server_behind_tls(tower):
    port = str(tower.port("https"))
    found = run("nmap", "-sT", "-sV", "-Pn", "-n", "--version-light", "-p", port, "127.0.0.1", check=True).stdout
    assert re.search(rf"{port}/tcp open\s+ssl/http\s+nginx 1\.22\.1", found), found


def test_a_handshake_that_fails_keeps_hello_and_reason(tower):
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{tower.port('https')}", "-servername", "old.example", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    wait_for(tower, kind="hello", sni="old.example")
    wait_for(tower, kind="malformed", reason="unsupported protocol", service="https")


def test_two_hundred_handshakes_at_once_are_served_in_bounded_memory(tower):
    decoys = pathlib.Path(f"/proc/{tower.decoys_pid()}/status")
    resident = lambda: int(re.search(r"VmRSS:\s+(\d+) kB", decoys.read_text())[1])
    port = tower.port("https")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    before = resident()
    connections = [socket.create_connection(("127.0.0.1", port), timeout=50) for _ in range(200)]
    wrapped, lock = [], threading.Lock()

    def greet(some):
        for connection in some:
            secure = context.wrap_socket(connection, server_hostname="many.example")
            with lock:
                wrapped.append(secure)

    threads = [threading.Thread(target=greet, args=(connections[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(wrapped) == 200
    grown = resident() - before
    for secure in wrapped:
        secure.sendall(b"GET /many HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answers = [secure.recv(4096) for secure in wrapped]
    for secure in wrapped:
        secure.close()
    assert all(answer.startswith(b"HTTP/1.1 404") for answer in answers)
    print(f"{grown} kB for 200 TLS sessions")
    assert grown < 200 * 64, f"{grown} kB for 200 sessions"


def test_hundreds_of_broken_hellos_and_noise_leave_the_decoys_standing(tower):
    pid = tower.decoys_pid()
    port = tower.port("https")
    for number in range(300):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as visitor:
            visitor.sendall(b"\x16\x03\x01" + bytes([number % 65, 255]) + hashlib.sha512(bytes([number % 251])).digest() * 3)
    assert run("curl", "-sk", f"https://127.0.0.1:{port}/", check=True).stdout
    assert tower.decoys_pid() == pid
