"""Group exchange of Debian's sshd and of the persona of that very program: which prime each client's wish gets."""

import socket
import struct

import pytest

from noroshi import Node
from real_ssh import FOLDER, OpenSsh, need
from ssh_probes import LINE, exchange
from ssh_wire import packet, strings

# Bits: the least, the wanted and the most.
WISHES = [
    (2048, 2048, 2048), (2048, 2048, 8192), (2048, 3072, 8192), (2048, 4096, 8192), (2048, 8192, 8192), (2048, 7000, 8192),
    (1024, 1024, 8192), (1024, 3072, 8192), (2048, 7000, 7000), (2048, 20000, 20000), (2049, 2100, 3000), (4097, 4100, 5000),
    (8192, 8192, 8192), (4096, 2048, 8192), (2048, 4096, 3072), (512, 512, 512), (0, 2048, 0xFFFFFFFF),
]  # fmt: skip


def shipped(path):
    """A moduli file's primes with their generators, as OpenSSH writes them."""
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return {(int(words[6], 16), int(words[5])) for words in lines}


def offered(port, wish):
    """The prime and its generator, or how the connection ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(LINE + exchange + packet(b"\x22" + struct.pack(">III", *wish)))
        stream = connection.makefile("rb")
        stream.readline()
        while True:
            size = stream.read(4)
            if len(size) < 4:
                return "closed"
            body = stream.read(struct.unpack(">I", size)[0])
            if body[1] == 31:
                prime, generator = strings(body, 2, 2)
                return int.from_bytes(prime), int.from_bytes(generator)


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    need("openssh-server")
    folder = tmp_path_factory.mktemp("moduli")
    with OpenSsh(folder / "real", [f"ModuliFile {FOLDER}/etc/ssh/moduli"]) as real, Node(folder, settings=["sense.listen=ssh@debian:127.0.0.1:0"]) as node:
        yield real.port, node.port("ssh")


def shape(answer):
    return answer if isinstance(answer, str) else answer[0].bit_length()


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_gets_a_prime_of_the_real_servers_size(ports, wish):
    real, ours = (offered(port, wish) for port in ports)
    assert shape(ours) == shape(real)
    known = shipped(FOLDER / "etc/ssh/moduli")
    assert (ours in known) == (real in known), "one is of the list that OpenSSH ships, the other is not"
    if ours not in known:
        assert ours == real  # a group that is fixed, or nothing


def test_connections_get_different_primes(ports):
    for port in ports:
        assert len({offered(port, (2048, 2048, 8192)) for _ in range(16)}) > 1
