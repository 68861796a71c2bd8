"""A small SSH client that says exactly what it is told to: for what no real client would say (RFC 4253, 4252, 4254)."""

import hashlib
import hmac
import itertools
import os
import socket
import struct
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

VERSION = b"SSH-2.0-probe"
STRICT = b"kex-strict-c-v00@openssh.com"
KEXINIT, NEWKEYS = b"\x14", b"\x15"


def name(value):
    """A string of RFC 4251."""
    return struct.pack(">I", len(value)) + value


def integer(value):
    """Bytes of a positive number as mpint."""
    value = value.lstrip(b"\0")
    return name(b"\0" + value if value[:1] >= b"\x80" else value)


def packet(payload, block=8):
    padding = block - (5 + len(payload)) % block
    if padding < 4:
        padding += block
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + b"\0" * padding


def kexinit(kex=b"curve25519-sha256", key=b"ssh-ed25519", cipher=b"aes128-ctr", mac=b"hmac-sha2-256", compression=b"none", follows=0, cookie=b"c" * 16):
    return KEXINIT + cookie + name(kex) + name(key) + name(cipher) * 2 + name(mac) * 2 + name(compression) * 2 + name(b"") * 2 + bytes([follows]) + b"\0\0\0\0"


def strings(payload, count, at=0):
    """The first `count` strings from `at` on."""
    found = []
    for _ in range(count):
        size = struct.unpack(">I", payload[at : at + 4])[0]
        found.append(payload[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def read_all(connection, patience):
    """All that comes until the end, or until nothing came for `patience` seconds, and how it ended."""
    heard = b""
    connection.settimeout(patience)
    try:
        while piece := connection.recv(65536):
            heard += piece
        return heard, "closed"
    except TimeoutError:
        return heard, "open"
    except ConnectionResetError:
        return heard, "reset"


visitors = itertools.count()


def connect(port, source=None):
    """A connection from `source`, or an address of its own: real servers count who waits at their door by address."""
    number = next(visitors)
    own = f"127.{1 + number // 62500 % 200}.{1 + number // 250 % 250}.{1 + number % 250}"
    connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source or own, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is timed is the server
    return connection


class WireClient:
    """Connected and keyed with curve25519, aes128-ctr and hmac-sha2-256. `times` has seconds that the server took."""

    def __init__(self, port, strict=False, extensions=False, source=None):
        self.times = {}
        began = time.monotonic()
        self.connection = connect(port, source)
        self.unread = b""
        self.encryptor = self.decryptor = None
        self.sent = self.received = 0
        self.unsent, self.holds = b"", False  # whether packets wait for release()
        server = self.server_version = self.line()
        self.times["greeting"] = time.monotonic() - began
        self.connection.sendall(VERSION + b"\r\n")
        names = [b"curve25519-sha256", *([STRICT] if strict else []), *([b"ext-info-c"] if extensions else [])]
        ours = kexinit(kex=b",".join(names), cookie=os.urandom(16))
        self.send(ours)
        self.kexinit = self.receive()
        key = X25519PrivateKey.generate()
        point = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.send(b"\x1e" + name(point))
        began = time.monotonic()
        reply = self.receive()
        self.times["kex"] = time.monotonic() - began
        assert reply[0] == 31, reply
        host_key, other, _ = strings(reply, 3, 1)
        secret = integer(key.exchange(X25519PublicKey.from_public_bytes(other)))
        self.session = hashlib.sha256(b"".join(map(name, (VERSION, server, ours, self.kexinit, host_key, point, other))) + secret).digest()

        def derive(letter, size):
            return hashlib.sha256(secret + self.session + letter + self.session).digest()[:size]

        assert self.receive() == NEWKEYS
        self.decryptor = Cipher(algorithms.AES(derive(b"D", 16)), modes.CTR(derive(b"B", 16))).decryptor()
        self.mac_in = derive(b"F", 32)
        self.send(NEWKEYS)
        self.encryptor = Cipher(algorithms.AES(derive(b"C", 16)), modes.CTR(derive(b"A", 16))).encryptor()
        self.mac_out = derive(b"E", 32)
        if strict:
            self.sent = self.received = 0

    def take(self, size):
        while len(self.unread) < size:
            piece = self.connection.recv(65536)
            if not piece:
                raise EOFError
            self.unread += piece
        taken, self.unread = self.unread[:size], self.unread[size:]
        return taken

    def line(self):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.take(1)
        return line[:-2]

    def receive(self):
        """The next payload."""
        if not self.decryptor:
            length, padding = struct.unpack(">IB", self.take(5))
            payload = self.take(length - 1)[: length - 1 - padding]
        else:
            head = self.decryptor.update(self.take(16))
            length = struct.unpack(">I", head[:4])[0]
            whole = head + self.decryptor.update(self.take(length + 4 - 16))
            proof = self.take(32)
            assert hmac.digest(self.mac_in, struct.pack(">I", self.received) + whole, "sha256") == proof
            payload = whole[5 : 4 + length - whole[4]]
        self.received += 1
        return payload

    def send_packet(self, whole, mac=None):
        """A packet as it stands, with its MAC or another."""
        proof = hmac.digest(self.mac_out, struct.pack(">I", self.sent) + whole, "sha256") if mac is None else mac
        self.sent += 1
        self.unsent += self.encryptor.update(whole) + proof
        if not self.holds:
            self.release()

    def release(self):
        """Sends what was held back in one piece."""
        if self.unsent:  # sending nothing would still take a reset's error away, and reading would see a close
            self.connection.sendall(self.unsent)
        self.unsent = b""

    def send(self, payload):
        if self.encryptor:
            self.send_packet(packet(payload, 16))
        else:
            self.connection.sendall(packet(payload))
            self.sent += 1

    def drain(self, patience):
        """All payloads until the end, or until nothing came for `patience` seconds, and how it ended."""
        heard = []
        self.connection.settimeout(patience)
        try:
            while True:
                heard.append(self.receive())
        except EOFError:
            return heard, "closed"
        except ConnectionResetError:
            return heard, "reset"
        except TimeoutError:
            return heard, "open"

    def log_in(self, user, password):
        self.send(service(b"ssh-userauth"))
        while (answer := self.receive()[0]) != 6:
            assert answer == 7, answer
        self.send(auth_request(user.encode(), b"none"))
        assert self.receive()[0] == 51
        began = time.monotonic()
        self.send(password_request(user, password))
        assert self.receive()[0] == 52
        self.times["login"] = time.monotonic() - began

    def open_session(self):
        began = time.monotonic()
        self.send(channel_open())
        while (answer := self.receive())[0] != 91:
            assert answer[0] == 80, answer  # host keys
        self.times["session"] = time.monotonic() - began

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def service(which):
    return b"\5" + name(which)


def auth_request(user, method, rest=b"", which=b"ssh-connection"):
    return b"\x32" + name(user) + name(which) + name(method) + rest


def password_request(user, password):
    return auth_request(user.encode(), b"password", b"\0" + name(password.encode()))


def channel_open(kind=b"session", number=0, window=1 << 20, most=32768, rest=b""):
    return b"\x5a" + name(kind) + struct.pack(">III", number, window, most) + rest


def channel_request(number, kind, wants_reply=1, rest=b""):
    return b"\x62" + struct.pack(">I", number) + name(kind) + bytes([wants_reply]) + rest


def global_request(kind, wants_reply=1, rest=b""):
    return b"\x50" + name(kind) + bytes([wants_reply]) + rest


def timed(action, times=20):
    """Seconds that `action` took, the median of `times`."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        action()
        taken.append(time.monotonic() - began)
    return sorted(taken)[times // 2]
