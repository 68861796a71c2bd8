"""The sftp subsystem beside Debian's sftp-server over a pipe: the same requests get the same answers."""

import re
import struct
import subprocess

import pytest

from noroshi import Node
from real_ssh import FOLDER, need
from ssh_clients import SshClients


def number(value):
    return struct.pack(">I", value)


def wide(value):
    return struct.pack(">Q", value)


def text(value):
    return number(len(value)) + value


def extended(name, fields=b""):
    return 200, text(name.encode()) + fields


NOTHING = number(0)  # no attributes
FIRST, SECOND, THIRD = (text(number(handle)) for handle in range(3))
INIT, CLOSE, OPEN, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = (
    1, 4, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)

# One after another, in an empty folder.
REQUESTS = [
    (MKDIR, text(b"d") + NOTHING), (MKDIR, text(b"d") + NOTHING), (MKDIR, text(b"no/d") + NOTHING), (MKDIR, text(b"m") + number(4) + number(0o700)),
    (OPEN, text(b"f") + number(2 | 8) + NOTHING), (WRITE, FIRST + wide(0) + text(b"hello")), (WRITE, FIRST + wide(8) + text(b"gap")), (READ, FIRST + wide(0) + number(4)),
    (FSTAT, FIRST), (CLOSE, FIRST), (CLOSE, FIRST), (CLOSE, text(b"abc")), (FSTAT, FIRST),
    (OPEN, text(b"f") + number(1) + NOTHING), (READ, FIRST + wide(0) + number(100)), (READ, FIRST + wide(11) + number(1)), (READ, FIRST + wide(11) + number(0)), (READ, FIRST + wide(5) + number(3)),
    (READ, FIRST + wide(1 << 40) + number(1)), (WRITE, FIRST + wide(0) + text(b"x")), (READDIR, FIRST), (READ, SECOND + wide(0) + number(1)), (WRITE, SECOND + wide(0) + text(b"x")),
    (OPEN, text(b"f") + number(2 | 8 | 32) + NOTHING), (OPEN, text(b"d") + number(2) + NOTHING), (OPEN, text(b"d") + number(1) + NOTHING), (READ, SECOND + wide(0) + number(1)), (CLOSE, SECOND),
    (OPEN, text(b"absent") + number(1) + NOTHING), (OPEN, text(b"f/x") + number(1) + NOTHING), (OPEN, text(b"absent") + number(2) + NOTHING), (OPEN, text(b"no/f") + number(2 | 8) + NOTHING),
    (OPEN, text(b"f") + number(2 | 4) + NOTHING), (WRITE, SECOND + wide(0) + text(b"end")), (FSETSTAT, SECOND + number(1) + wide(12)), (FSTAT, SECOND), (CLOSE, SECOND),
    (OPEN, text(b"g") + number(2 | 8 | 16) + number(4) + number(0o4755)), (CLOSE, SECOND), (STAT, text(b"g")),
    (STAT, text(b"f")), (STAT, text(b"f/")), (STAT, text(b"absent")), (STAT, text(b"f/x")), (STAT, text(b"a" * 300)), (LSTAT, text(b"absent")), (FSTAT, THIRD), (FSETSTAT, THIRD + NOTHING),
    (SETSTAT, text(b"f") + number(4) + number(0o640)), (STAT, text(b"f")), (SETSTAT, text(b"absent") + number(4) + number(0o640)), (SETSTAT, text(b"absent") + NOTHING),
    (SETSTAT, text(b"d") + number(1) + wide(3)), (SETSTAT, text(b"f") + number(8) + number(1) + number(2)), (STAT, text(b"f")),
    (SYMLINK, text(b"f") + text(b"l")), (SYMLINK, text(b"f") + text(b"l")), (READLINK, text(b"l")), (READLINK, text(b"f")), (READLINK, text(b"absent")), (LSTAT, text(b"l")), (STAT, text(b"l")),
    (SYMLINK, text(b"circle") + text(b"circle")), (STAT, text(b"circle")), (OPEN, text(b"circle") + number(1) + NOTHING), (REMOVE, text(b"circle")),
    (RENAME, text(b"g") + text(b"h")), (RENAME, text(b"h") + text(b"f")), (RENAME, text(b"absent") + text(b"x")), (RENAME, text(b"d") + text(b"f")), (RENAME, text(b"m") + text(b"d")),
    (REMOVE, text(b"d")), (REMOVE, text(b"absent")), (RMDIR, text(b"f")), (RMDIR, text(b"absent")), (OPENDIR, text(b"f")), (OPENDIR, text(b"absent")),
    (OPENDIR, text(b"d")), (FSTAT, SECOND), (READ, SECOND + wide(0) + number(1)), (READDIR, SECOND), (READDIR, SECOND), (CLOSE, SECOND),
    (REALPATH, text(b".")), (REALPATH, text(b"")), (REALPATH, text(b"new")), (REALPATH, text(b"no/new")), (REALPATH, text(b"f/x")), (REALPATH, text(b"l")), (REALPATH, text(b"d/../d/./")), (REALPATH, text(b"/..")),
    extended("posix-rename@openssh.com", text(b"h") + text(b"f")), extended("posix-rename@openssh.com", text(b"f") + text(b"d")), extended("posix-rename@openssh.com", text(b"absent") + text(b"d")),
    extended("posix-rename@openssh.com", text(b"m") + text(b"d")), extended("hardlink@openssh.com", text(b"f") + text(b"hard")), extended("hardlink@openssh.com", text(b"f") + text(b"hard")),
    extended("fsync@openssh.com", FIRST), extended("fsync@openssh.com", THIRD), extended("lsetstat@openssh.com", text(b"l") + number(8) + number(5) + number(6)),
    extended("lsetstat@openssh.com", text(b"l") + number(4) + number(0o777)), extended("lsetstat@openssh.com", text(b"l") + number(1) + wide(1)), extended("statvfs@openssh.com", text(b"absent")),
    extended("fstatvfs@openssh.com", THIRD), extended("expand-path@openssh.com", text(b"~nobody_here/x")), extended("copy-data", FIRST + wide(0) + wide(0) + FIRST + wide(0)),
    extended("copy-data", FIRST + wide(0) + wide(0) + THIRD + wide(0)), extended("home-directory", text(b"")), extended("home-directory", text(b"nobody_here")),
    extended("users-groups-by-id@openssh.com", text(number(0) + number(54_321)) + text(number(0))), extended("no@such"),
    (REMOVE, text(b"l")), (REMOVE, text(b"hard")), (RMDIR, text(b"d")), (STAT, text(b"f") + b"behind it"), (INIT, b""),
]


class Server:
    """One that speaks over its standard input and output, in the folder `folder`."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)

    def ask(self, kind, fields):
        message = bytes([kind]) + number(3 if kind == INIT else 7) + fields
        self.process.stdin.write(number(len(message)) + message)
        self.process.stdin.flush()
        size = self.process.stdout.read(4)
        return self.process.stdout.read(struct.unpack(">I", size)[0]) if len(size) == 4 else None

    def end(self, raw=b""):
        self.process.stdin.write(raw)
        self.process.stdin.flush()
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(timeout=20)


def plain(answer, folder):
    """Without what differs from one run to the next: times, the folder's name."""
    if answer is None:
        return None
    if answer[0] == 104:  # names: sorted, as a folder has no order
        count, at, names = struct.unpack(">I", answer[5:9])[0], 9, []
        for _ in range(count):
            strings = []
            for _ in range(2):
                size = struct.unpack(">I", answer[at : at + 4])[0]
                strings.append(answer[at + 4 : at + 4 + size])
                at += 4 + size
            flags = struct.unpack(">I", answer[at : at + 4])[0]
            fields = answer[at : at + (32 if flags else 4)]
            at += len(fields)
            names.append((strings[0].replace(folder, b"."), re.sub(rb"[A-Z][a-z]{2} [ \d]\d +[\d:]+ ", b"", strings[1].replace(folder, b".")), fields[:-8] if flags else fields))
        return sorted(name for name in names if name[0] != b"..")
    return answer[:-8] if answer[0] == 105 else answer


@pytest.fixture(scope="module")
def real():
    need("openssh-sftp-server")
    return str(FOLDER / "usr/lib/openssh/sftp-server")


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sftp")
    with Node(folder / "node", settings=["sense.listen=ssh:127.0.0.1:0"]) as node:
        yield SshClients(folder, node.port("ssh"))


def ours(clients):
    return Server(["ssh", *clients.flags(), "-p", str(clients.port), "-s", "root@127.0.0.1", "sftp"], env=clients.environment())


def answers(server, folder):
    server.ask(INIT, b"")
    return [plain(server.ask(*request), folder) for request in REQUESTS]


def test_every_request_is_answered_alike(real, clients, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    expected = answers(Server([real], cwd=empty, umask=0o022), str(empty).encode())
    server = ours(clients)
    heard = answers(server, b"/root")
    assert server.end() == 0
    differ = {number: (REQUESTS[number], real_answer, our_answer) for number, (real_answer, our_answer) in enumerate(zip(expected, heard, strict=True)) if real_answer != our_answer}
    assert not differ


@pytest.mark.parametrize("raw", [number(300_000) + b"x", number(300_000), number(0) + b"x" * 9, number(9) + bytes([STAT]) + number(7) + number(50), b"", number(20) + b"ab"])
def test_what_breaks_the_form_ends_it_alike(real, clients, raw):
    ends = []
    for server in (Server([real]), ours(clients)):
        server.ask(INIT, b"")
        ends.append(server.end(raw))
    assert ends[0] == ends[1]
