"""Valid SSH sessions, and what a seed makes of one: messages that are missing, doubled, swapped or bent, in each layer."""

import random
import socket
import struct
from dataclasses import dataclass, field

from ssh_probes import DEBUG, DISCONNECT, IGNORE, LINE, UNIMPLEMENTED, USERAUTH
from ssh_wire import WireClient, auth_request, channel_open, channel_request, global_request, kexinit, name, packet, password_request, read_all, service

POINT = b"\x1e" + name(bytes(range(32)))
PROPOSAL = {
    "kex": b"curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256",
    "key": b"ssh-ed25519,rsa-sha2-512,ecdsa-sha2-nistp256",
    "cipher": b"aes128-ctr,chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
    "mac": b"hmac-sha2-256,umac-64-etm@openssh.com",
    "compression": b"none,zlib@openssh.com",
}
# What a number's bytes are changed to.
NUMBERS = (0, 1, 3, 4, 12, 255, 256, 32_768, 35_000, 262_144, 1 << 20, 1 << 31, (1 << 32) - 1)
STRANGERS = (
    *(IGNORE, DEBUG, UNIMPLEMENTED, DISCONNECT, USERAUTH, service(b"ssh-connection"), b"\x15", b"\x14", b"\x1e", b"\x32", b"\x35", b"\x3c", b"\x3d"),
    *(channel_open(), channel_open(b"x11"), channel_request(0, b"exec", 1, name(b"true")), global_request(b"x"), b"\x51", b"\x52", b"\x63", b"\x64"),
    *(b"\0", b"\7\0\0\0\0", b"\xc0" + name(b"ping"), b"\xff", b"\x5e\0\0\0\0" + name(b"x"), b"\x61\0\0\0\0", b"\x5d\0\0\0\0\0\0\0\1"),
)
QUIET_OF_A_BURST = 0.7  # seconds: what a program says it has said by then
LOGIN_PATIENCE = 8  # seconds that a log-in may take on a busy machine


@dataclass
class Session:
    """`raw` goes out as it stands, before any keys; else `bursts` behind them, and `breaks` says what is done to which
    packet. `ends`: the client closes its side."""

    raw: bytes = b""
    bursts: list = field(default_factory=list)
    breaks: dict = field(default_factory=dict)
    ends: bool = False
    fails: bool = False  # a password may be refused, which takes seconds

    def description(self):
        said = repr(self.raw) if self.raw else f"{self.bursts} broken {self.breaks}"
        return said + (" and the end" if self.ends else "")


def bent(dice, said):
    """`said` with one thing changed."""
    said = bytearray(said)
    at = dice.randrange(len(said)) if said else 0
    way = dice.randrange(8)
    if way <= 1 and said:
        said[at] ^= 1 << dice.randrange(8)
    elif way == 2 and said:
        said[at] = dice.randrange(256)
    elif way == 3:
        del said[at:]
    elif way == 4:
        said += dice.randbytes(dice.choice((1, 4, 40)))
    elif way == 5 and len(said) > 4:
        at = dice.randrange(len(said) - 3)
        said[at : at + 4] = struct.pack(">I", dice.choice(NUMBERS))
    elif way == 6:
        del said[at : at + dice.randint(1, 8)]
    else:
        said[at:at] = said[at : at + dice.randint(1, 16)]
    return bytes(said)


def shuffled(dice, messages):
    """`messages` with one dropped, doubled, swapped or inserted."""
    messages = list(messages)
    at = dice.randrange(len(messages))
    way = dice.randrange(4)
    if way == 0:
        del messages[at]
    elif way == 1:
        messages.insert(at, messages[at])
    elif way == 2:
        other = dice.randrange(len(messages))
        messages[at], messages[other] = messages[other], messages[at]
    else:
        messages.insert(at, dice.choice(STRANGERS))
    return messages


def early(dice):
    """A session that goes wrong before there are keys."""
    line, messages = LINE, [kexinit(**PROPOSAL, follows=int(dice.random() < 0.1)), POINT]
    layer = dice.randrange(4)
    if layer == 0:
        line = bent(dice, line)
    elif layer == 1:
        at = dice.randrange(2)
        messages[at] = bent(dice, messages[at])
    elif layer == 2:
        messages = shuffled(dice, messages)
    packets = [packet(each) for each in messages]
    if layer == 3:  # the packet's own form
        at = dice.randrange(len(packets))
        head = bytearray(packets[at][:6])
        head[dice.randrange(6)] = dice.choice((0, 1, 3, 4, 8, 20, 30, 64, 128, 255))
        packets[at] = bytes(head) + packets[at][6:]
    whole = line + b"".join(packets)
    ends = dice.random() < 0.25
    if ends:
        whole = whole[: dice.randrange(len(whole) + 1)]
    return Session(raw=whole, ends=ends)


def log_in(dice, user, password):
    said = [USERAUTH]
    if dice.random() < 0.7:
        said.append(auth_request(user.encode(), b"none"))
    if dice.random() < 0.02:
        said.append(password_request(user, "wrong"))
    return [*said, password_request(user, password)]


def work(dice):
    """What is asked for behind a log-in, and what is said once a program runs."""
    asked = [channel_open()]
    if dice.random() < 0.3:
        asked.append(channel_request(0, b"env", 1, name(b"LANG") + name(b"C")))
    if dice.random() < 0.3:
        asked.append(channel_request(0, b"pty-req", 1, name(b"xterm") + struct.pack(">IIII", 80, 24, 0, 0) + name(b"\0")))
    asked += dice.choice(
        (
            [channel_request(0, b"exec", 1, name(b"true"))],
            [channel_request(0, b"exec", 1, name(b"echo hi"))],
            [channel_request(0, b"shell")],
            [],
        )
    )
    if dice.random() < 0.2:
        asked.insert(dice.randrange(len(asked) + 1), dice.choice((global_request(b"keepalive@openssh.com"), global_request(b"no-more-sessions@openssh.com", 0), IGNORE, DEBUG)))
    then = [b"\x5e\0\0\0\0" + name(b"exit\n"), b"\x60\0\0\0\0", b"\x61\0\0\0\0"][dice.randrange(3) :]
    if dice.random() < 0.2:
        then.append(DISCONNECT)
    return [asked, then]


def late(dice, user, password):
    """A session that goes wrong behind the keys."""
    right = password_request(user, password)
    bursts = [log_in(dice, user, password), *work(dice)]
    session = Session()
    # A log-in costs most and its messages are few.
    chosen = dice.choices(range(3), (35, 40, 25))[0]
    way = dice.randrange(10)
    if way < 5:
        at = dice.randrange(len(bursts[chosen]))
        if bursts[chosen][at] == right and dice.random() < 0.8:
            at -= 1
        bursts[chosen][at] = bent(dice, bursts[chosen][at])
    elif way < 9:
        bursts[chosen] = shuffled(dice, bursts[chosen])
    else:
        session.breaks[(chosen, dice.randrange(len(bursts[chosen])))] = (dice.randrange(16), dice.randrange(8), dice.random() < 0.5)
    if dice.random() < 0.1:
        bursts = bursts[: chosen + 1]
        session.ends = True
    session.bursts = [[each for each in burst if each] for burst in bursts]
    session.fails = any(each[:1] == b"\x32" and each != right and b"none" not in each for burst in session.bursts for each in burst)
    return session


def mutation(seed, user, password):
    """The same for the same seed, always."""
    dice = random.Random(f"ssh {seed}")
    return early(dice) if dice.random() < 0.4 else late(dice, user, password)


def shown(payload):
    """The message's class: its number, and where it refuses something, why."""
    number = payload[0]
    if number in (1, 3, 51, 92):
        return f"{number} {payload[1:200]!r}"
    return str(number)


def classes(payloads):
    """Data in pieces is one; a program's end reaches the real server in an order of the moment."""
    ends = [at for at, payload in enumerate(payloads) if payload[:1] == b"\x60" or b"exit-status" in payload]
    for at, payload in zip(ends, sorted(payloads[at] for at in ends)):
        payloads[at] = payload
    found = []
    for payload in payloads:
        if payload[0] in (94, 95) and found and found[-1] == str(payload[0]):
            continue
        found.append(shown(payload))
    return found


def raw_classes(heard):
    end = heard.find(b"\r\n") + 2
    if not heard.startswith(b"SSH-"):
        return [repr(heard)]
    line, rest, payloads = heard[:end], heard[end:], []
    while len(rest) >= 5:
        length, padding = struct.unpack(">IB", rest[:5])
        if length > 35_000 or len(rest) < 4 + length:
            break
        payloads.append(rest[5 : 4 + length - padding])
        rest = rest[4 + length :]
    return [repr(line), *classes(payloads), *([f"{len(rest)} bytes"] if rest else [])]  # behind new keys


def ask_raw(connection, session, patience):
    connection.sendall(session.raw)
    if session.ends:
        connection.shutdown(socket.SHUT_WR)
    heard, ended = read_all(connection, patience)
    return [*raw_classes(heard), ended]


def wait_for(client, heard, wanted, patience):
    """Reads until `wanted` says that it is enough, or nothing more came; False where the connection is over."""
    client.connection.settimeout(patience)
    try:
        while True:
            heard.append(client.receive())
            if wanted(heard[-1]):
                return True
    except TimeoutError:
        return True
    except (EOFError, ConnectionResetError):
        return False


def send_burst(client, session, number):
    """In one piece: what the real server says to the first of two messages depends on whether it has the second."""
    client.holds = True
    for at, payload in enumerate(session.bursts[number]):
        broken = session.breaks.get((number, at))
        if not broken:
            client.send(payload)
            continue
        byte, bit, of_proof = broken
        if of_proof:
            client.send_packet(packet(payload, 16), bytes(byte) + bytes([1 << bit]) + bytes(31 - byte))
        else:
            whole = bytearray(packet(payload, 16))
            whole[byte] ^= 1 << bit
            client.send_packet(bytes(whole))
    client.release()


def ask_keyed(client, session, patience):
    heard = []
    try:
        for number in range(len(session.bursts)):
            send_burst(client, session, number)
            if number + 1 == len(session.bursts):
                break
            if number == 0:
                going = wait_for(client, heard, lambda payload: payload[0] == 52, LOGIN_PATIENCE if session.fails else max(patience, 2))
            else:
                going = wait_for(client, heard, lambda payload: payload[0] == 97, max(QUIET_OF_A_BURST, patience / 3))
            if not going:
                break
        if session.ends:  # in a moment: whether the answers before get out depends on which of both is seen first
            wait_for(client, heard, lambda _: False, QUIET_OF_A_BURST)
            client.connection.shutdown(socket.SHUT_WR)
    except OSError:  # it is already gone; what it said is still to be read
        pass
    more, ended = client.drain(LOGIN_PATIENCE if session.fails else patience)
    return [*classes(heard + more), ended]


def answer(port, session, connect, patience):
    """How the server at `port` takes it, as message classes and its end."""
    if session.bursts:
        with WireClient(port) as client:
            return ask_keyed(client, session, patience)
    with connect(port) as connection:
        return ask_raw(connection, session, patience)
