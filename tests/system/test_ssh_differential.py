"""Debian's sshd and the persona of that very program, side by side: the same bytes in, the same bytes out."""

import pathlib
import shutil
import tomllib

import pytest

from noroshi import Node
from real_ssh import PASSWORD, USER, OpenSsh, need
from ssh_probes import INSIDE, KEYED, RAW, answers, converse, differences, raw, told

PACKS = pathlib.Path(__file__).parents[2] / "packs"
# The real server closes its socket while bytes of ours are unread there, so that the kernel resets the connection. What
# was said before is the same.
RESETS = {"open": "open", "closed": "closed", "reset": "closed"}
PERSONA = tomllib.loads((PACKS / "personas/debian.toml").read_text())["ssh"]
PAIR = (USER, PASSWORD)


def dressed_as(folder, persona):
    """Packs whose `persona` knows only the real server's pair."""
    packs = folder / "packs"
    shutil.copytree(PACKS, packs)
    file = packs / f"personas/{persona}.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("accept =", "accept_try ="))]
    at = lines.index("[ssh]") + 1
    file.write_text("\n".join([*lines[:at], f'accept = ["{USER}:{PASSWORD}"]', *lines[at:]]) + "\n")
    return packs


def node_beside(folder, persona):
    node = Node(folder, settings=[f"sense.listen=ssh@{persona}:127.0.0.1:0"])
    return node, ["env", f"NOROSHI_PACKS={dressed_as(folder, persona)}"]


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    need("openssh-server", PERSONA.get("measured_version"))
    folder = tmp_path_factory.mktemp("ssh")
    node, prefix = node_beside(folder, "debian")
    with OpenSsh(folder / "real") as real:
        try:
            node.start(prefix)
            yield real.port, node.port("ssh")
        finally:
            node.stop()


def compared(ports, ask, probes):
    there, here = (answers(ask, port, probes) for port in ports)
    return differences(*({probe: [*said[:-1], RESETS[said[-1]]] for probe, said in each.items()} for each in (there, here)))


def test_before_the_keys_every_byte_is_the_real_servers(ports):
    differing = compared(ports, raw, RAW)
    assert not differing, told(differing)


def test_behind_the_keys_every_message_is_the_real_servers(ports):
    differing = compared(ports, lambda port, probe: converse(port, KEYED[probe]), KEYED)
    assert not differing, told(differing)


def test_behind_a_log_in_every_message_is_the_real_servers(ports):
    differing = compared(ports, lambda port, probe: converse(port, INSIDE[probe], PAIR), INSIDE)
    assert not differing, told(differing)
