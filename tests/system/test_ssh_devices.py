"""OpenSSH's own client against the devices that answer as Dropbear, with every algorithm that both can."""

import pathlib
import subprocess
import tomllib

import pytest

from noroshi import Node
from ssh_clients import SshClients

PACKS = pathlib.Path(__file__).parents[2] / "packs"
# The client's options, the client's own lists of what it can, and the persona's keys.
LISTS = (("KexAlgorithms", "kex", "kex"), ("Ciphers", "cipher", "ciphers"), ("MACs", "mac", "macs"), ("HostKeyAlgorithms", "HostKeyAlgorithms", "host_keys"))


def shown(device):
    return tomllib.loads((PACKS / f"personas/{device}.toml").read_text())["ssh"]


def shared(device):
    for option, what, key in LISTS:
        known = set(subprocess.run(["ssh", "-Q", what], capture_output=True, text=True, timeout=20, check=True).stdout.split())
        for name in shown(device)[key]:
            if name in known:
                yield device, option, name


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """Of each device's door. A node has several of one kind, so each is asked for by its persona."""
    devices = ("router", "camera")
    with Node(tmp_path_factory.mktemp("devices"), settings=["sense.listen=" + ",".join(f"ssh@{device}:127.0.0.1:0" for device in devices)]) as node:
        yield dict(zip(devices, (each["port"] for each in node.status()["listeners"])))


@pytest.mark.parametrize(("device", "option", "name"), [*shared("router"), *shared("camera")])
def test_every_algorithm_that_both_sides_have_carries_a_command(ports, tmp_path, device, option, name):
    chosen = {"HostKeyAlgorithms": "+ssh-rsa", "KexAlgorithms": "+diffie-hellman-group14-sha1", option: name}
    if option == "MACs":
        chosen["Ciphers"] = "aes128-ctr"  # the others need no MAC
    done = SshClients(tmp_path, ports[device]).ssh("echo", "heard", options=[f"{key}={value}" for key, value in chosen.items()])
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr


@pytest.mark.parametrize("device", ["router", "camera"])
def test_a_device_shows_the_keys_of_its_firmware(ports, device):
    scanned = subprocess.run(["ssh-keyscan", "-t", "rsa,ecdsa,ed25519", "-p", str(ports[device]), "127.0.0.1"], capture_output=True, text=True, timeout=60, check=True)
    kinds = {line.split()[1] for line in scanned.stdout.splitlines() if not line.startswith("#")}
    assert kinds == ({"ssh-rsa", "ssh-ed25519"} if device == "router" else {"ssh-rsa"})
    assert f"SSH-2.0-dropbear_{'2022.83' if device == 'router' else '2015.67'}" in scanned.stderr + scanned.stdout
