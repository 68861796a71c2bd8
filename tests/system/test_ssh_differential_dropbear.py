"""Debian's dropbear and the persona of that very program, side by side: the same bytes in, the same bytes out, as fast."""

import concurrent.futures
import socket
import struct
import time
import tomllib

import pytest

from noroshi import wait_until
from real_ssh import PASSWORD, USER, Dropbear, need
from ssh_probes import DISCONNECT, FIRST, IGNORE, INSIDE, KEYED, LINE, RAW, USERAUTH, converse, differences, key_request, open_and, raw, settled, told, wrong
from ssh_wire import WireClient, auth_request, channel_open, channel_request, global_request, kexinit, name, packet, service, timed
from test_ssh_differential import PACKS, node_beside

PERSONA = tomllib.loads((PACKS / "personas/dropbear.toml").read_text())["ssh"]
PAIR = (USER, PASSWORD)
PATIENCE = 1.5  # seconds without a byte: then the server waits for more; a refused password takes 0.25 to 0.35
# Dropbear holds thirty visitors that have not logged in, five of one address; others are turned away without a word.
AT_ONCE = 20
SECOND_GUESS = b"curve25519-sha256,kexguess2@matt.ucc.asn.au"

# What only Dropbear is particular about.
OWN_RAW = {
    **{f"{size} bytes of version": b"SSH-2.0-" + b"a" * (size - 8) + b"\r\n" + FIRST for size in (253, 255, 256, 257, 263)},
    "CR before the version": b"\r" + LINE + FIRST,
    "CR throughout": b"S\rS\rH\r-2.0-x\r\r\n" + FIRST,
    "two lines, the second a version": b"\n" + LINE + FIRST,
    "length 34,996": LINE + struct.pack(">IB", 34996, 4) + b"\2" + b"\0" * 34994,
    "length 32,764, all payload": LINE + struct.pack(">IB", 32764, 0) + b"\2" + b"\0" * 32762,
    "length 32,796, all payload": LINE + struct.pack(">IB", 32796, 0) + b"\2" + b"\0" * 32794,
    "length 4, no padding": LINE + struct.pack(">IB", 4, 0) + b"\2\0\0" + FIRST,
    "padding 0": LINE + struct.pack(">IB", 12, 0) + b"\2" + b"\0" * 10 + FIRST,
    "50 names": LINE + packet(kexinit(kex=b"a," * 49 + b"curve25519-sha256")),
    "51 names": LINE + packet(kexinit(kex=b"a," * 50 + b"curve25519-sha256")),
    "51 ciphers": LINE + packet(kexinit(cipher=b"aes128-ctr" + b",a" * 50)),
    "a kex that is only a word": LINE + packet(kexinit(kex=b"kexguess2@matt.ucc.asn.au,curve25519-sha256")),
    "the server's strict word as kex": LINE + packet(kexinit(kex=b"kex-strict-s-v00@openssh.com,curve25519-sha256")),
    "a guess right in the second way": LINE + packet(kexinit(kex=b"ecdh-sha2-nistp256,kexguess2@matt.ucc.asn.au", key=b"ecdsa-sha2-nistp256", follows=1)) + packet(b"\x1e" + name(b"")),
    "a guess wrong in the first way": LINE + packet(kexinit(kex=b"ecdh-sha2-nistp256", key=b"ecdsa-sha2-nistp256", follows=1)) + packet(b"\x1e" + name(b"")) + packet(b"\x1f"),
    "a guess wrong in the second way": LINE + packet(kexinit(kex=b"foo," + SECOND_GUESS, follows=1)) + packet(b"\x1e" + name(b"")) + packet(b"\x1f"),
    "a wrong guess, and nothing that could be it": LINE + packet(kexinit(kex=b"foo,curve25519-sha256", follows=1)) + packet(b"\x1f") + packet(IGNORE) + packet(b"\x1e" + name(b"")) + packet(b"\x1f"),
    **{f"message {number} during kex": LINE + FIRST + packet(bytes([number]) + b"\0" * 8) for number in (6, 7, 19, 20, 29, 33, 49, 51, 60, 61)},
}
OWN_KEYED = {
    "a name of 100 bytes, and another": [auth_request(b"u" * 100, b"none"), auth_request(b"root", b"none")],
    "a name of 101 bytes, and another": [auth_request(b"u" * 101, b"none"), auth_request(b"root", b"none")],
    "a password of 101 bytes": [wrong(USER.encode(), b"x" * 101)],
    "no name": [auth_request(b"", b"none"), wrong(b""), wrong(b"root")],
    "a service that goes on": [auth_request(b"root", b"none", which=b"ssh-connectionx")],
    "a service as long": [auth_request(b"root", b"none", which=b"ssh-connectioN")],
    "nine passwords and a key": [*(wrong(password=b"%d" % number) for number in range(9)), key_request(0), auth_request(b"root", b"none")],
    "ten passwords": [wrong(password=b"%d" % number) for number in range(10)],
    "twelve of all": [auth_request(b"root", b"foo"), auth_request(b"root", b"hostbased")] * 6,
    "another user behind a password": [wrong(), wrong(b"other")],
    **{f"message {number}": [bytes([number]) + b"\0" * 8] for number in (6, 22, 31, 49, 51, 52, 60, 80, 90, 98)},
    "KEXINIT, and a service": [kexinit(cookie=b"d" * 16), USERAUTH],
    "KEXINIT, and ignore": [kexinit(cookie=b"d" * 16), IGNORE, b"\x1f"],
    "goodbye behind a service": [USERAUTH, DISCONNECT],
}
shell = channel_request(0, b"shell")
terminal = channel_request(0, b"pty-req", 1, name(b"xterm") + struct.pack(">IIII", 80, 24, 0, 0) + name(b"\0"))
OWN_INSIDE = {
    "connection": [service(b"ssh-connection")],
    "a service that nobody has": [service(b"foo")],
    "two terminals": open_and(terminal, terminal),
    "a terminal, and its size": open_and(terminal, channel_request(0, b"window-change", 1, b"\0" * 16)),
    "two agents": open_and(channel_request(0, b"auth-agent-req@openssh.com"), channel_request(0, b"foo")),
    "data behind EOF": open_and(b"\x60\0\0\0\0", b"\x5e\0\0\0\0" + name(b"x")),
    "close, and the number again": [channel_open(number=5), channel_open(number=6), b"\x61\0\0\0\0", channel_open(number=7)],
    "close twice": open_and(b"\x61\0\0\0\0", b"\x61\0\0\0\0"),
    "extended data": open_and(b"\x5f\0\0\0\0\0\0\0\1" + name(b"x")),
    "EOF of no channel": [b"\x60\0\0\0\7"],
    "a window of no channel": [b"\x5d\0\0\0\7\0\0\0\1"],
    "a forwarding nobody waits for": [global_request(b"tcpip-forward", 0, name(b"") + b"\0\0\0\0")],
    **{f"message {number}": [bytes([number]) + b"\0" * 4] for number in (0, 7, 19, 30, 51, 61, 79, 81, 82, 83, 89, 91, 92, 99, 100, 101)},
    "half a channel's request": open_and(channel_request(0, b"exec")[:-1]),
    "an open with more": [channel_open(rest=b"more")],
    "a shell, and a command": open_and(shell, channel_request(0, b"exec", 1, name(b"true"))),
    "a shell at its end": open_and(shell, b"\x60\0\0\0\0"),
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    need("dropbear-bin", PERSONA["measured_version"])
    folder = tmp_path_factory.mktemp("dropbear")
    node, prefix = node_beside(folder, "dropbear")
    with Dropbear(folder / "real") as real:
        try:
            node.start(prefix)
            yield real.port, node.port("ssh")
        finally:
            node.stop()


def again(ask):
    """Asks until it was not turned away at the door."""

    def patiently(port, probe):
        for _ in range(50):
            try:
                said = ask(port, probe)
            except (EOFError, ConnectionResetError):
                said = ["b''"]
            if said[0] != "b''":
                return said
            time.sleep(0.1)
        return said

    return patiently


def compared(ports, ask, probes):
    return differences(ports, again(ask), probes, AT_ONCE)


def test_before_the_keys_every_byte_is_dropbears(ports):
    probes = {**RAW, **OWN_RAW}
    differing = compared(ports, lambda port, probe: raw(port, probe, probes, PATIENCE), probes)
    assert not differing, told(differing)


def test_behind_the_keys_every_message_is_dropbears(ports):
    probes = {**KEYED, **{f"own: {probe}": steps for probe, steps in OWN_KEYED.items()}}
    differing = compared(ports, lambda port, probe: converse(port, probes[probe], patience=PATIENCE), probes)
    assert not differing, told(differing)


def test_behind_a_log_in_every_message_is_dropbears(ports):
    probes = {**INSIDE, **{f"own: {probe}": steps for probe, steps in OWN_INSIDE.items()}}
    differing = compared(ports, lambda port, probe: converse(port, probes[probe], PAIR, PATIENCE), probes)
    assert not differing, told(differing)


def heard_of(port, held):
    """Whether one more visitor hears of the server, beside `held` who wait; None where those are not all let in."""
    waiting = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(held)]
    try:
        if any(each.recv(4) != b"SSH-" for each in waiting):
            return None  # dropbear counts an earlier visitor until its child is gone
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one_more:
            return one_more.recv(4) == b"SSH-"
    finally:
        for each in waiting:
            each.close()


def test_a_sixth_visitor_who_waits_is_turned_away_without_a_word(ports):
    for port in ports:
        wait_until(lambda port=port: heard_of(port, 4) is True, "a fifth is let in")
        wait_until(lambda port=port: heard_of(port, 5) is False, "a sixth is not")


def greeted(port):
    """Until the version line and KEXINIT are there: Dropbear waits for neither of the client's."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        heard = b""
        while len(heard) < 500:
            heard += connection.recv(4096)


def refusals(port, request, times):
    """Seconds that each of `times` refusals of one connection took."""
    taken = []
    with WireClient(port) as client:
        for _ in range(times):
            began = time.monotonic()
            client.send(request)
            assert client.receive()[0] == 51
            taken.append(time.monotonic() - began)
    return taken


def steps_alike(ports):
    greetings = [timed(lambda port=port: greeted(port)) for port in ports]
    tries = [sorted(refusals(port, key_request(0), 1)[0] for _ in range(20))[10] for port in ports]
    alike = True
    for what, (real, ours) in (("version and KEXINIT", greetings), ("a refused key", tries)):
        print(f"{what}: dropbear {real * 1000:.1f} ms, ours {ours * 1000:.1f} ms (median of 20)")
        alike &= abs(ours - real) <= max(0.2 * real, 0.010)
    return alike


def test_it_takes_as_long_as_dropbear(ports):
    assert settled(lambda: steps_alike(ports))


def test_a_wrong_password_takes_as_long_as_dropbear(ports):
    with concurrent.futures.ThreadPoolExecutor(2 * AT_ONCE) as pool:
        waiting = [[pool.submit(refusals, port, wrong(), 9) for _ in range(AT_ONCE)] for port in ports]
        real, ours = (sorted(each for future in futures for each in future.result()) for futures in waiting)
    middle = len(real) // 2
    shown = ", ".join(f"{whose} {each[0] * 1000:.0f} to {each[-1] * 1000:.0f}, median {each[middle] * 1000:.0f} ms" for whose, each in (("dropbear", real), ("ours", ours)))
    print(f"\na wrong password ({len(real)}): {shown}")
    assert abs(ours[middle] - real[middle]) <= 0.15 * real[middle]
    assert real[0] >= PERSONA["fail_delay_ms"] / 1000 and ours[0] >= PERSONA["fail_delay_ms"] / 1000
    assert ours[-1] - ours[0] >= 0.04, "the delay is drawn anew each time"
