"""Small servers that answer as published honeypots do: what a check has to find before its silence means anything."""

import contextlib
import itertools
import socket
import struct
import threading

import paramiko

from ssh_wire import KEXINIT, name, packet

SOFTWARE = "OpenSSH_6.0p1 Debian-4+deb7u2"
# Of Twisted's Conch, on which Kippo and Cowrie stand: the lists that published detectors look for.
CONCH = {
    "kex": "diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "ciphers": "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,3des-cbc,blowfish-cbc,cast128-cbc,aes192-cbc,aes256-cbc",
    "macs": "hmac-md5,hmac-sha1",
    "compression": "zlib@openssh.com,zlib,none",
}


def conch_kexinit(cookie):
    lists = [CONCH["kex"], "ssh-rsa,ssh-dss", CONCH["ciphers"], CONCH["ciphers"], CONCH["macs"], CONCH["macs"], CONCH["compression"], CONCH["compression"], "", ""]
    return KEXINIT + cookie + b"".join(name(each.encode()) for each in lists) + b"\0" + b"\0\0\0\0"


@contextlib.contextmanager
def serving(answer):
    """A port at which `answer(connection)` meets every visitor, each on a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def visit(connection):
        with connection, contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            connection.settimeout(20)
            answer(connection)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=visit, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def kippo(connection):
    """Kippo before its version check (2014): the first line is taken for a version, the next bytes for a packet."""
    connection.sendall(b"SSH-2.0-OpenSSH_5.1p1 Debian-5\r\n" + random_padded(conch_kexinit(b"c" * 16)))
    said = line_of(connection)
    if said.startswith(b"SSH-") and not said.startswith((b"SSH-2.0-", b"SSH-1.99-")):
        number = said.split(b"-")[1]
        return connection.sendall(packet(b"\1\0\0\0\x08" + name(b"bad version " + number) + name(b"")))
    head = read(connection, 4)
    if head[:1] != b"\0":
        text = b"bad packet length %d" % struct.unpack(">I", head)
        return connection.sendall(packet(b"\1\0\0\0\x02" + name(text) + name(b"")))
    read(connection, struct.unpack(">I", head)[0])
    return connection.sendall(packet(b"\1\0\0\0\x03" + name(b"couldn't match all kex parts") + name(b"")))


def cowrie(connection):
    """Cowrie of 2018: other words, sent in the clear."""
    connection.sendall(f"SSH-2.0-{SOFTWARE}\r\n".encode())
    said = line_of(connection)
    if not said.startswith(b"SSH-"):
        return connection.sendall(b"Protocol mismatch.\n")
    if not said.startswith(b"SSH-2.0-"):
        return connection.sendall(b"bad version %s\n" % said.split(b"-")[1].strip())
    head = read(connection, 4)
    return connection.sendall(b"Packet corrupt\n") if head[:1] != b"\0" else None


def proposing(version):
    """For serving(): a new version with the lists of an old library."""

    def answer(connection):
        connection.sendall(version.encode() + b"\r\n" + packet(conch_kexinit(b"c" * 16)))
        read(connection, 1 << 16)

    return answer


def endless(connection):
    """endlessh: lines that are never a version."""
    for number in range(100):
        connection.sendall(b"%08x\r\n" % number)


def line_of(connection):
    line = b""
    while not line.endswith(b"\n"):
        line += read(connection, 1)
    return line


def read(connection, size):
    taken = b""
    while len(taken) < size:
        piece = connection.recv(size - len(taken))
        if not piece:
            raise EOFError
        taken += piece
    return taken


def random_padded(payload):
    whole = packet(payload)
    return whole[: -whole[4]] + b"\x7f" * whole[4]


# What Cowrie's machine says, in every installation that nobody changed.
MACHINE = {
    "hostname": "svr04\n",
    "uname -a": "Linux svr04 3.2.0-4-amd64 #1 SMP Debian 3.2.68-1+deb7u1 x86_64 GNU/Linux\n",
    "cat /etc/passwd": "root:x:0:0:root:/root:/bin/bash\nphil:x:1000:1000:Phil California,,,:/home/phil:/bin/bash\n",
    "cat /proc/cpuinfo": "model name\t: Intel(R) Core(TM)2 Duo CPU     E8200  @ 2.66GHz\n",
    "cat /proc/meminfo": "MemFree:          997740 kB\n",
    "cat /proc/version": "Linux version 3.2.0-4-amd64 (debian-kernel@lists.debian.org) (gcc version 4.6.3 (Debian 4.6.3-14) ) #1 SMP Debian 3.2.68-1+deb7u1\n",
    "ls /home": "richard\n",
}


class Machine(paramiko.ServerInterface):
    """Lets everybody in at once or nobody twice, opens every tunnel, and forgets what a visitor wrote."""

    def __init__(self, is_fickle, tried):
        self.is_fickle, self.tried = is_fickle, tried

    def get_allowed_auths(self, username):
        return "password"

    def get_banner(self):
        return "This is an SSH honeypot. Everything is logged and monitored.", "en-US"

    def check_auth_password(self, username, password):
        was_tried = (username, password) in self.tried
        self.tried.add((username, password))
        return paramiko.AUTH_SUCCESSFUL if was_tried or not self.is_fickle else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(self, chanid, origin, destination):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        def answer():
            channel.sendall(MACHINE.get(command.decode(), "").encode())
            channel.send_exit_status(0)
            channel.close()

        threading.Timer(0.05, answer).start()
        return True

    def check_channel_subsystem_request(self, channel, name):
        return False


def machine(keys, is_fickle=False):
    """For serving(): a whole server, which shows each visitor the next of the host keys."""
    tried, shown = set(), itertools.cycle(keys)

    def answer(connection):
        transport = paramiko.Transport(connection)
        transport.local_version = f"SSH-2.0-{SOFTWARE}"
        transport.add_server_key(next(shown))
        transport.start_server(server=Machine(is_fickle, tried), event=threading.Event())
        transport.join(60)

    return answer
