"""What a server is known by: probes before the keys (bytes) and behind them (messages), and how an answer is compared."""

import concurrent.futures
import socket
import struct

from ssh_wire import STRICT, WireClient, auth_request, channel_open, channel_request, connect, global_request, kexinit, name, packet, password_request, read_all, service

QUIET = 2  # seconds without a byte: then the server waits for more
PATIENCE = 6  # the same for a password: sshd takes up to 4.6 to refuse one
LINE = b"SSH-2.0-probe\r\n"
FIRST = packet(kexinit())
IGNORE, DEBUG, UNIMPLEMENTED, DISCONNECT = b"\2" + name(b"x"), b"\4\0" + name(b"x") + name(b""), b"\3\0\0\0\0", b"\1\0\0\0\x0b" + name(b"bye") + name(b"")
strict = kexinit(kex=b"curve25519-sha256," + STRICT)
group14 = packet(kexinit(kex=b"diffie-hellman-group14-sha256"))
exchange = packet(kexinit(kex=b"diffie-hellman-group-exchange-sha256"))
nistp256 = packet(kexinit(kex=b"ecdh-sha2-nistp256"))


def head(length, padding=4):
    return struct.pack(">IB", length, padding)


RAW = {
    "nothing": b"",
    "a web request": b"GET / HTTP/1.0\r\n\r\n",
    "an empty line": b"\r\n",
    "NUL in the version": b"SSH-2.0-a\0b\r\n",
    "CR in the version": b"SSH-2.0-a\rb\r\n",
    "SSH 1.5": b"SSH-1.5-x\r\n",
    "SSH 1.99": b"SSH-1.99-x\r\n" + FIRST,
    "SSH 3.0": b"SSH-3.0-x\r\n",
    "no software": b"SSH-2.0-\r\n",
    "no dash": b"SSH-2.0\r\n",
    "only LF": b"SSH-2.0-x\n" + FIRST,
    "9,000 bytes of version": b"SSH-2.0-" + b"a" * 9000 + b"\r\n",
    "8,188 bytes of version": b"SSH-2.0-" + b"a" * 8180 + b"\r\n" + FIRST,
    "254 bytes of version": b"SSH-2.0-" + b"a" * 245 + b"\r\n" + FIRST,
    "300 bytes of version": b"SSH-2.0-" + b"a" * 292 + b"\r\n" + FIRST,
    "a line before": b"hello\r\n" + LINE,
    "60 lines before": b"hello\r\n" * 60 + LINE,
    "letters for numbers": b"SSH-x.y-z\r\n",
    "SSH 2.5": b"SSH-2.5-z\r\n" + FIRST,
    "no minor": b"SSH-2-z\r\n",
    "lower case": b"ssh-2.0-z\r\n",
    "a minus": b"SSH--2.0-z\r\n",
    "a blank": b"SSH- 2.0-z\r\n",
    "SSH 1.98": b"SSH-1.98-z\r\n",
    "length 0": LINE + head(0, 0) + b"\0" * 11,
    "length 4": LINE + head(4, 0) + b"\0" * 11,
    "length 5": LINE + head(5, 0) + b"\0" * 29,
    "length 4 GiB": LINE + b"\xff" * 16,
    "length 256 KiB and 4": LINE + head(262148, 0) + b"\0" * 19,
    "length 256 KiB": LINE + head(262144, 0) + b"\0" * 19,
    "length 35,000": LINE + head(35004, 0) + b"\0" * 19,
    "length 36,000": LINE + head(36004, 0) + b"\0" * 19,
    "length of no block": LINE + head(13) + b"\0" * 30,
    "padding 3": LINE + head(12, 3) + b"\x14" + b"\0" * 30,
    "padding 255": LINE + head(12, 255) + b"\x14" + b"\0" * 30,
    "padding and nothing": LINE + head(12, 11) + b"\0" * 30,
    "an empty payload": LINE + head(12, 11) + b"\0" * 11,
    "half a KEXINIT": LINE + packet(b"\x14" + b"c" * 16 + b"\0\0"),
    "a KEXINIT with more": LINE + packet(kexinit() + b"xx"),
    "a KEXINIT's number": LINE + packet(b"\x14"),
    "no common kex": LINE + packet(kexinit(kex=b"foo")),
    "no common host key": LINE + packet(kexinit(key=b"foo")),
    "no common cipher": LINE + packet(kexinit(cipher=b"foo")),
    "no common MAC": LINE + packet(kexinit(mac=b"foo")),
    "no common compression": LINE + packet(kexinit(compression=b"foo")),
    "no kex at all": LINE + packet(kexinit(kex=b"")),
    "KEXINIT twice": LINE + FIRST + FIRST,
    "NEWKEYS first": LINE + packet(b"\x15"),
    "NEWKEYS after KEXINIT": LINE + FIRST + packet(b"\x15"),
    "service first": LINE + packet(service(b"ssh-userauth")),
    "service during kex": LINE + FIRST + packet(service(b"ssh-userauth")),
    "ignore first": LINE + packet(IGNORE) + FIRST,
    "debug first": LINE + packet(DEBUG) + FIRST,
    "unimplemented first": LINE + packet(UNIMPLEMENTED) + FIRST,
    "disconnect": LINE + packet(DISCONNECT),
    "half a disconnect": LINE + packet(b"\1"),
    **{f"message {number}": LINE + packet(bytes([number])) for number in (0, 50, 80, 99, 192, 255)},
    "message 192 with more": LINE + packet(b"\xc0" + name(b"x")),
    "message 99 during kex": LINE + FIRST + packet(b"\x63"),
    "ignore during kex": LINE + FIRST + packet(IGNORE),
    "an empty point": LINE + FIRST + packet(b"\x1e" + name(b"")),
    "a point of 31 bytes": LINE + FIRST + packet(b"\x1e" + name(b"a" * 31)),
    "the point zero": LINE + FIRST + packet(b"\x1e" + name(b"\0" * 32)),
    "a point with more": LINE + FIRST + packet(b"\x1e" + name(b"a" * 32) + b"x"),
    "half a point": LINE + FIRST + packet(b"\x1e\0"),
    "the server's own message": LINE + FIRST + packet(b"\x1f" + name(b"a" * 32)),
    "a group is asked for, out of turn": LINE + FIRST + packet(b"\x22" + b"\0" * 12),
    "strict: ignore during kex": LINE + packet(strict) + packet(IGNORE),
    "strict: ignore first": LINE + packet(IGNORE) + packet(strict),
    "strict: message 99": LINE + packet(strict) + packet(b"\x63"),
    "strict: KEXINIT twice": LINE + packet(strict) * 2,
    "strict: debug": LINE + packet(strict) + packet(DEBUG),
    "DH: nothing": LINE + group14 + packet(b"\x1e" + name(b"")),
    "DH: 1": LINE + group14 + packet(b"\x1e" + name(b"\1")),
    "DH: negative": LINE + group14 + packet(b"\x1e" + name(b"\xff")),
    "DH: few bits": LINE + group14 + packet(b"\x1e" + name(b"\x03")),
    "DH: larger than the group": LINE + group14 + packet(b"\x1e" + name(b"\0" + b"\xff" * 256)),
    "group exchange: 512 bits": LINE + exchange + packet(b"\x22" + struct.pack(">III", 512, 512, 512)),
    "group exchange: wrong order": LINE + exchange + packet(b"\x22" + struct.pack(">III", 4096, 2048, 2048)),
    "group exchange: the old request": LINE + exchange + packet(b"\x1e" + struct.pack(">I", 2048)),
    "NIST P-256: off the curve": LINE + nistp256 + packet(b"\x1e" + name(b"\4" + b"a" * 64)),
    "NIST P-256: nothing": LINE + nistp256 + packet(b"\x1e" + name(b"")),
    "sntrup761: too short": LINE + packet(kexinit(kex=b"sntrup761x25519-sha512@openssh.com")) + packet(b"\x1e" + name(b"a" * 100)),
    "a right guess": LINE + packet(kexinit(follows=1)) + packet(b"\x1e" + name(b"")),
    "a wrong guess": LINE + packet(kexinit(kex=b"foo,curve25519-sha256", follows=1)) + packet(b"\x1e" + name(b"zz")) + packet(b"\x1e" + name(b"")),
    "ext-info-c": LINE + packet(kexinit(kex=b"curve25519-sha256,ext-info-c")) + packet(IGNORE),
}

USERAUTH = service(b"ssh-userauth")
KEY = name(b"ssh-ed25519") + name(b"k" * 32)
SIGNATURE = name(name(b"ssh-ed25519") + name(b"s" * 64))


def wrong(user=b"root", password=b"wrong"):
    return auth_request(user, b"password", b"\0" + name(password))


def key_request(signed, algorithm=b"ssh-ed25519", key=KEY, rest=b""):
    return auth_request(b"root", b"publickey", bytes([signed]) + name(algorithm) + name(key) + rest)


class Broken:
    """A packet that is not made as it should be."""

    def __init__(self, whole, mac=None):
        self.whole, self.mac = whole, mac


# Before a log-in.
KEYED = {
    "nothing": [],
    "a service": [USERAUTH],
    "a service twice": [USERAUTH, USERAUTH],
    "no such service": [service(b"foo")],
    "connection first": [service(b"ssh-connection")],
    "half a service": [b"\5"],
    "a service with more": [USERAUTH + b"x"],
    "log-in without service": [wrong()],
    "none": [USERAUTH, auth_request(b"root", b"none")],
    "none twice": [USERAUTH, auth_request(b"root", b"none"), auth_request(b"root", b"none")],
    "eight nones": [USERAUTH, *[auth_request(b"root", b"none")] * 8],
    "no such method": [USERAUTH, auth_request(b"root", b"foo")],
    "a password": [USERAUTH, wrong()],
    "a password of nobody": [USERAUTH, wrong(b"nobodyx")],
    "an empty password": [USERAUTH, wrong(password=b"")],
    "a new password": [USERAUTH, auth_request(b"root", b"password", b"\1" + name(b"a") + name(b"b"))],
    "keyboard-interactive": [USERAUTH, auth_request(b"root", b"keyboard-interactive", name(b"") + name(b""))],
    "hostbased": [USERAUTH, auth_request(b"root", b"hostbased", name(b"ssh-rsa") + name(b"") * 4)],
    "a key": [USERAUTH, key_request(0)],
    "a key signed": [USERAUTH, key_request(1, rest=SIGNATURE)],
    "a key of no algorithm": [USERAUTH, key_request(0, b"foo")],
    "a key that is none": [USERAUTH, key_request(0, key=b"zz")],
    "for no such service": [USERAUTH, auth_request(b"root", b"none", which=b"foo")],
    "another user": [USERAUTH, auth_request(b"root", b"none"), auth_request(b"other", b"none")],
    "another service": [USERAUTH, auth_request(b"root", b"none"), auth_request(b"root", b"none", which=b"x")],
    "half a request": [USERAUTH, b"\x32"],
    "a request with more": [USERAUTH, wrong() + b"x"],
    "half a password": [USERAUTH, auth_request(b"root", b"password", b"\0")],
    "none with more": [USERAUTH, auth_request(b"root", b"none", b"abc")],
    "seven passwords": [USERAUTH, *(wrong(password=b"%d" % number) for number in range(7))],
    "eight keys": [USERAUTH, *[key_request(0)] * 8],
    "2,000 bytes of user": [USERAUTH, auth_request(b"u" * 2000, b"none")],
    "NUL in the user": [USERAUTH, auth_request(b"ro\0ot", b"none")],
    "a channel": [USERAUTH, channel_open()],
    "a global request": [USERAUTH, global_request(b"x")],
    "message 99": [USERAUTH, b"\x63"],
    "message 7": [b"\7\0\0\0\0"],
    "half a message 7": [b"\7"],
    **{f"message {number}": [bytes([number])] for number in (0, 8, 19, 21, 40)},
    **{f"message {number} of log-ins": [USERAUTH, bytes([number])] for number in (55, 79, 150, 191)},
    "answers to no question": [USERAUTH, b"\x3d\0\0\0\0"],
    "message 192": [b"\xc0" + name(b"abc")],
    "a point after the keys": [b"\x1e" + name(b"a" * 32)],
    "ignore": [IGNORE, USERAUTH],
    "debug": [DEBUG, USERAUTH],
    "half a debug": [b"\4"],
    "unimplemented": [UNIMPLEMENTED, USERAUTH],
    "disconnect": [DISCONNECT],
    "a wrong MAC": [Broken(packet(USERAUTH, 16), b"m" * 32)],
    "length 0": [Broken(b"\0" * 16)],
    "length 4 GiB": [Broken(b"\xff" * 16)],
    "length of no block": [Broken(struct.pack(">IB", 13, 4) + b"\0" * 12 + b"\0" * 32)],
    "padding 2": [Broken(struct.pack(">IB", 12, 2) + b"\2" + b"\0" * 10)],
    "padding 255": [Broken(struct.pack(">IB", 12, 255) + b"\2" + b"\0" * 10)],
    "an empty payload": [Broken(struct.pack(">IB", 12, 11) + b"\0" * 11)],
    "extensions": ["extensions"],
    "strict: nothing": ["strict"],
    "strict: a service": ["strict", USERAUTH],
}


def open_and(*requests):
    return [channel_open(), *requests]


# Behind it.
INSIDE = {
    "nothing": [],
    "a channel": open_and(),
    "a channel of no kind": [channel_open(b"foo")],
    "x11": [channel_open(b"x11", rest=name(b"h") + b"\0\0\0\1")],
    "half a channel": [b"\x5a"],
    "twelve channels": [channel_open(number=number) for number in range(12)],
    "a request of no channel": [channel_request(7, b"shell")],
    "a request of no kind": open_and(channel_request(0, b"foo")),
    "the same without an answer": open_and(channel_request(0, b"foo", 0)),
    "LANG": open_and(channel_request(0, b"env", 1, name(b"LANG") + name(b"C"))),
    "another variable": open_and(channel_request(0, b"env", 1, name(b"FOO") + name(b"C"))),
    "half a terminal": open_and(channel_request(0, b"pty-req")),
    "no such subsystem": open_and(channel_request(0, b"subsystem", 1, name(b"foo"))),
    "a signal": open_and(channel_request(0, b"signal", 1, name(b"TERM"))),
    "an agent": open_and(channel_request(0, b"auth-agent-req@openssh.com")),
    "a window's size": open_and(channel_request(0, b"window-change", 1, b"\0" * 16)),
    "a break": open_and(channel_request(0, b"break", 1, b"\0\0\0\1")),
    "data of no channel": [b"\x5e\0\0\0\7" + name(b"x")],
    "data before a shell": open_and(b"\x5e\0\0\0\0" + name(b"x")),
    "close": open_and(b"\x61\0\0\0\0"),
    "EOF": open_and(b"\x60\0\0\0\0"),
    "EOF twice": open_and(b"\x60\0\0\0\0", b"\x60\0\0\0\0"),
    "a window of more than 4 GiB": open_and(b"\x5d\0\0\0\0\xff\xff\xff\xff", b"\x5d\0\0\0\0\xff\xff\xff\xff"),
    "true": open_and(channel_request(0, b"exec", 1, name(b"true"))),
    "a way to a closed port": [channel_open(b"direct-tcpip", rest=name(b"127.0.0.1") + b"\0\0\0\1" + name(b"127.0.0.1") + b"\0\0\x0f\xa0")],
    "a way to no name": [channel_open(b"direct-tcpip", rest=name(b"x.invalid") + b"\0\0\0\x50" + name(b"127.0.0.1") + b"\0\0\x0f\xa0")],
    "a global request": [global_request(b"foo")],
    "keepalive": [global_request(b"keepalive@openssh.com")],
    "no more sessions, and one": [global_request(b"no-more-sessions@openssh.com", 0), channel_open()],
    "a forwarding": [global_request(b"tcpip-forward", 1, name(b"") + b"\0\0\0\0")],
    "the end of no forwarding": [global_request(b"cancel-tcpip-forward", 1, name(b"") + b"\0\0\0\1")],
    "half a global request": [b"\x50"],
    "success of nothing": [b"\x51"],
    "a log-in again": [wrong()],
    "a service again": [USERAUTH],
    "message 120": [b"\x78"],
    "message 192": [b"\xc0" + name(b"abc")],
    "disconnect": [DISCONNECT],
}


def shown_raw(heard):
    """Bytes of an answer as a list: the version line, then payloads. What is drawn anew each time is left out."""
    end = heard.find(b"\r\n") + 2
    if not heard.startswith(b"SSH-"):
        return [repr(heard[:80])]
    shown, rest = [repr(heard[:end])], heard[end:]
    while len(rest) >= 5:
        length, padding = struct.unpack(">IB", rest[:5])
        if length > 35_000 or len(rest) < 4 + length:
            break
        shown.append(shown_payload(rest[5 : 4 + length - padding]))
        if padding and not any(rest[4 + length - padding : 4 + length]):
            shown[-1] += ", padded with zeros"
        rest = rest[4 + length :]
    return shown + ([f"rest {rest[:60]!r}"] if rest else [])


def shown_payload(payload):
    if payload[:1] == b"\x14":
        return f"KEXINIT {payload[17:]!r}"
    if payload[:1] == b"\x1f":
        return f"key exchange, about {len(payload) // 8 * 8} bytes"  # a number's leading zeros are not sent
    if payload[:1] == b"\x50" and b"hostkeys" in payload:
        return f"host keys, {len(payload)} bytes"
    if payload[:1] == b"\x51" and len(payload) == 5:
        return "a port"
    return repr(payload[:400])


def raw(port, probe, said=RAW, patience=QUIET):
    with connect(port) as connection:
        connection.sendall(said[probe])
        heard, ended = read_all(connection, patience)
    return [*shown_raw(heard), ended]


def converse(port, steps, pair=None, patience=None, source=None):
    """What a keyed server says to `steps`; behind a log-in with `pair`, where there is one."""
    patience = patience or (PATIENCE if any(isinstance(step, bytes) and b"password" in step for step in steps) else QUIET)
    with WireClient(port, strict="strict" in steps, extensions="extensions" in steps, source=source) as client:
        if pair:
            client.log_in(*pair)
        # In one piece: what the real server says to the first of two messages depends on whether it has the second.
        client.holds = pair is not None
        try:
            for step in steps:
                if isinstance(step, Broken):
                    client.send_packet(step.whole, step.mac)
                elif isinstance(step, bytes):
                    client.send(step)
            client.release()
        except OSError:  # it is already gone; what it said is still to be read
            pass
        heard, ended = client.drain(patience)
    # A child's end and the end of its output reach the real server in an order of the moment.
    ends = [at for at, payload in enumerate(heard) if payload[:1] == b"\x60" or b"exit-status" in payload]
    for at, payload in zip(ends, sorted(heard[at] for at in ends)):
        heard[at] = payload
    return [*map(shown_payload, heard), ended]


def answers(ask, port, probes, at_once=24):
    """Of several at once: most of a probe's time is waiting."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        futures = {probe: pool.submit(ask, port, probe) for probe in probes}
        return {probe: future.result() for probe, future in futures.items()}


def differences(ports, ask, probes, at_once=24):
    """Probes that the real server (the first port) and ours answer unlike each other, each time they are asked: what
    comes once in three times is the moment's, a reset that overtook what was said before it."""
    differing = {}
    asked = probes
    for _ in range(3):
        real, ours = (answers(ask, port, asked, at_once) for port in ports)
        differing = {probe: (real[probe], ours[probe]) for probe in asked if real[probe] != ours[probe]}
        asked = list(differing)
    return differing


def settled(measure):
    """True at the first of three times that `measure` gives true: a machine that others load is late by itself."""
    return any(measure() for _ in range(3))


def told(differing):
    """Of each difference what is not the same, in few lines."""
    lines = []
    for probe, (there, here) in differing.items():
        same = next((at for at, (one, other) in enumerate(zip(there, here)) if one != other), min(len(there), len(here)))
        lines += [f"{probe}, from answer {same} on", f"  real {there[same:]}"[:600], f"  ours {here[same:]}"[:600]]
    return "\n".join(lines)
