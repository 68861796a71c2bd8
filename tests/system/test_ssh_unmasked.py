"""What public tools look for to spot an SSH honeypot: each check finds the honeypot it was made for, and nothing at our personas."""

import concurrent.futures
import contextlib
import tomllib

import paramiko
import pytest

import ssh_stand_in
import ssh_unmasking as checks
from noroshi import Node
from ssh_stand_in import serving
from test_ssh_clients import PACKS

PERSONAS = sorted(file.stem for file in (PACKS / "personas").glob("*.toml") if "ssh" in tomllib.loads(file.read_text()))
# Each check, and the stand-in in which it has to find something.
FOUND_IN = {
    checks.default_banner: "kippo",
    checks.endless_banner: "endless",
    checks.eight_line_ends: "kippo",
    checks.slash_and_line_ends: "kippo",
    checks.bad_version: "cowrie",
    checks.spacer: "cowrie",
    checks.double_banner: "cowrie",
    checks.library_words: "kippo",
    checks.kex_of_another_version: "old lists",
    checks.library_proposal: "kippo",
    checks.padding_of_kexinit: "kippo",
    checks.cookie_again: "kippo",
    checks.old_host_keys: "old lists",
    checks.any_password: "open house",
    checks.default_users: "open house",
    checks.refused_then_accepted: "fickle",
    checks.refused_at_once: "fickle",
    checks.honest_banner: "open house",
    checks.default_machine: "open house",
    checks.unknown_command_succeeds: "open house",
    checks.no_sftp: "open house",
    checks.another_machine: "changing",
    checks.shared_host_key: "open house",
    checks.tunnels_into_nothing: "open house",
}
LOG_INS = list(FOUND_IN)[list(FOUND_IN).index(checks.any_password) :]


@pytest.fixture(scope="module")
def stand_ins():
    """Targets by name."""
    key, other = (paramiko.RSAKey.generate(2048) for _ in range(2))
    answers = {
        "kippo": ssh_stand_in.kippo,
        "cowrie": ssh_stand_in.cowrie,
        "endless": ssh_stand_in.endless,
        "old lists": ssh_stand_in.proposing("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"),
        "open house": ssh_stand_in.machine([key]),
        "fickle": ssh_stand_in.machine([key], is_fickle=True),
        "changing": ssh_stand_in.machine([key, other]),
    }
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(serving(answer)) for name, answer in answers.items()}
        ports["twin"] = stack.enter_context(serving(ssh_stand_in.machine([key])))
        yield {name: checks.Target(port, ("root", "secret"), ports["twin"]) for name, port in ports.items()}


def ports_of(node):
    return dict(zip(PERSONAS, (each["port"] for each in node.status()["listeners"])))


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    """By persona, on one node, and beside each the same persona on another."""
    listen = "sense.listen=" + ",".join(f"ssh@{persona}:127.0.0.1:0" for persona in PERSONAS)
    one, other = (Node(tmp_path_factory.mktemp("node"), settings=[listen]) for _ in range(2))
    with one, other:
        ports, others = ports_of(one), ports_of(other)
        yield {persona: checks.Target(ports[persona], pair_of(persona), others[persona]) for persona in PERSONAS}


def pair_of(persona):
    return tuple(tomllib.loads((PACKS / f"personas/{persona}.toml").read_text())["ssh"]["accept"][0].split(":"))


@pytest.mark.parametrize("check", FOUND_IN, ids=lambda check: check.__name__)
def test_a_check_finds_the_honeypot_that_it_is_for(stand_ins, check):
    assert check(stand_ins[FOUND_IN[check]]), check.__doc__


def finding(check, target):
    """What it finds each of two times: a machine that others load is late by itself."""
    return check(target) and check(target)


@pytest.mark.parametrize("persona", PERSONAS)
def test_no_check_finds_anything_here(targets, persona):
    # Most of a check is waiting. Paramiko, with which the checks log in, no longer speaks ssh-rsa, the camera's only key.
    asked = [check for check in FOUND_IN if persona != "camera" or check not in LOG_INS]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        futures = {check.__name__: pool.submit(finding, check, targets[persona]) for check in asked}
        found = {name: future.result() for name, future in futures.items()}
    assert not {name: what for name, what in found.items() if what}
