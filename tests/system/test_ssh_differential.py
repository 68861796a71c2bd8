"""Debian's sshd and the persona of that very program, side by side: the same bytes in, the same bytes out."""

import concurrent.futures
import pathlib
import shutil
import statistics
import time
import tomllib

import pytest

from noroshi import Node
from real_ssh import PASSWORD, USER, OpenSsh, need
from ssh_probes import INSIDE, KEYED, PATIENCE, RAW, USERAUTH, converse, differences, raw, settled, told, wrong
from ssh_wire import WireClient, auth_request, name, password_request

PACKS = pathlib.Path(__file__).parents[2] / "packs"
PERSONA = tomllib.loads((PACKS / "personas/debian.toml").read_text())["ssh"]
PAIR = (USER, PASSWORD)


def dressed_as(folder, persona, **keys):
    """Packs whose `persona` knows only the real server's pair, and says `keys` in place of its own."""
    packs = folder / "packs"
    shutil.copytree(PACKS, packs)
    file = packs / f"personas/{persona}.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("accept =", "accept_try =", *(f"{key} =" for key in keys)))]
    at = lines.index("[ssh]") + 1
    file.write_text("\n".join([*lines[:at], f'accept = ["{USER}:{PASSWORD}"]', *(f"{key} = {value}" for key, value in keys.items()), *lines[at:]]) + "\n")
    return packs


def node_beside(folder, persona, **keys):
    node = Node(folder, settings=[f"sense.listen=ssh@{persona}:127.0.0.1:0"])
    return node, ["env", f"NOROSHI_PACKS={dressed_as(folder, persona, **keys)}"]


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
    return differences(ports, ask, probes, at_once=48)


def test_before_the_keys_every_byte_is_the_real_servers(ports):
    differing = compared(ports, raw, RAW)
    assert not differing, told(differing)


def test_behind_the_keys_every_message_is_the_real_servers(ports):
    differing = compared(ports, lambda port, probe: converse(port, KEYED[probe]), KEYED)
    assert not differing, told(differing)


def test_behind_a_log_in_every_message_is_the_real_servers(ports):
    differing = compared(ports, lambda port, probe: converse(port, INSIDE[probe], PAIR), INSIDE)
    assert not differing, told(differing)


def typed(*answers):
    """SSH_MSG_USERAUTH_INFO_RESPONSE."""
    return b"\x3d" + len(answers).to_bytes(4, "big") + b"".join(map(name, answers))


ASK = auth_request(USER.encode(), b"keyboard-interactive", name(b"") + name(b""))
INTERACTIVE = {
    "asked": [USERAUTH, ASK],
    "for a device": [USERAUTH, auth_request(USER.encode(), b"keyboard-interactive", name(b"") + name(b"pam"))],
    "answered": [USERAUTH, ASK, typed(PASSWORD.encode())],
    "answered wrongly": [USERAUTH, ASK, typed(b"not the password")],
    "answered twice": [USERAUTH, ASK, typed(b"not the password"), typed(PASSWORD.encode())],
    "two answers": [USERAUTH, ASK, typed(b"not the password", b"more")],
    "no answer": [USERAUTH, ASK, typed()],
    "half an answer": [USERAUTH, ASK, b"\x3d\0"],
    "asked again instead": [USERAUTH, ASK, ASK],
    "a password instead": [USERAUTH, ASK, password_request(USER, PASSWORD)],
}


def test_a_conversation_about_the_password_is_the_real_servers(tmp_path):
    need("openssh-server", PERSONA.get("measured_version"))
    node, prefix = node_beside(tmp_path, "debian", methods='["publickey", "password", "keyboard-interactive"]')
    with OpenSsh(tmp_path / "real", settings=["KbdInteractiveAuthentication yes"]) as real:
        try:
            node.start(prefix)
            differing = differences((real.port, node.port("ssh")), lambda port, probe: converse(port, INTERACTIVE[probe], patience=PATIENCE), INTERACTIVE)
        finally:
            node.stop()
    assert not differing, told(differing)


def close(there, here, share):
    """Seconds, within so much of the real server's or ten milliseconds."""
    return abs(there - here) <= max(share * there, 0.010)


def steps_alike(ports):
    taken = [[], []]
    for _ in range(20):  # in turn, so that both see the same machine
        for port, times in zip(ports, taken):
            with WireClient(port) as client:
                client.log_in(*PAIR)
                client.open_session()
                times.append(client.times)
    real, ours = ({step: statistics.median(each[step] for each in times) for step in times[0]} for times in taken)
    for step, there in real.items():
        print(f"{step}: real {1000 * there:.1f} ms, ours {1000 * ours[step]:.1f} ms")
    return all(close(there, ours[step], 0.20) for step, there in real.items())


def test_each_step_takes_as_long_as_the_real_servers(ports):
    assert settled(lambda: steps_alike(ports))


def refusal(port, user):
    """Seconds to each of two refusals."""
    with WireClient(port) as client:
        client.send(USERAUTH)
        client.receive()
        client.send(auth_request(user, b"none"))
        client.receive()
        for number in range(2):
            began = time.monotonic()
            client.send(wrong(user, b"%d" % number))
            assert client.receive()[0] == 51
            yield time.monotonic() - began


def refusals_alike(ports):
    # The real server puts a refusal off by chance, and then to a time of the user's, which it draws anew at each start.
    # Many users then: and their mean, as their median lies in a gap of what the doubling gives.
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        real, ours = (statistics.mean(sum(pool.map(lambda number: list(refusal(port, b"user%d" % number)), range(64)), [])) for port in ports)
    print(f"mean refusal: real {real:.2f} s, ours {ours:.2f} s")
    return close(real, ours, 0.15)


def test_a_refusal_takes_as_long_as_the_real_servers(ports):
    assert settled(lambda: refusals_alike(ports))
