"""`./dev capture-persona ssh`: measures Debian's sshd and dropbear anew and writes what a client sees of them into the
personas that stand for them. What is not measured (log-ins, prompt, host) stays as it is."""

import pathlib
import re
import statistics
import sys
import tempfile

from real_ssh import PASSWORD, USER, Dropbear, OpenSsh, version_of
from ssh_wire import WireClient, auth_request, service, strings

PERSONAS = pathlib.Path(__file__).parents[2] / "packs/personas"
TIMES = 20
LISTS = ("kex", "host_keys", "ciphers", None, "macs", None, "compression", None)


def extensions_of(payload):
    """Of SSH_MSG_EXT_INFO: its pairs, in order."""
    values = strings(payload, 2 * int.from_bytes(payload[1:5], "big"), 5)
    return list(zip((each.decode() for each in values[::2]), (each.decode() for each in values[1::2])))


def lists_of(kexinit):
    names = strings(kexinit, 8, 17)
    return {key: each.decode().split(",") for key, each in zip(LISTS, names) if key}


def delays_of(port):
    """Milliseconds that the server takes for each step, the median of several."""
    taken = []
    for _ in range(TIMES):
        with WireClient(port) as client:
            client.log_in(USER, PASSWORD)
            client.open_session()
            taken.append(client.times)
    return {f"{step}_delay_ms": round(1000 * statistics.median(each[step] for each in taken)) for step in taken[0]}


def measured(port):
    with WireClient(port, extensions=True) as client:
        found = {"version": client.server_version.decode(), **lists_of(client.kexinit)}
        client.send(service(b"ssh-userauth"))
        told = []
        while (answer := client.receive())[0] == 7:
            told += extensions_of(answer)
        client.send(auth_request(USER.encode(), b"none"))
        found["methods"] = strings(client.receive(), 1, 1)[0].decode().split(",")
    found["signatures"] = dict(told).get("server-sig-algs", "").split(",")
    found["extensions"] = [name for name, value in told if name != "server-sig-algs"]
    return found | delays_of(port)


def literal(value):
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def write(persona, found):
    """Replaces the keys of [ssh] that were found, or adds them at its end; gives those that changed."""
    file = PERSONAS / f"{persona}.toml"
    before, ssh, rest = file.read_text().partition("[ssh]\n")
    section, mark, after = rest.partition("\n[")
    changed = []
    for key, value in found.items():
        line = f"{key} = {literal(value)}"
        new, times = re.subn(rf"^{key} = .*$", lambda _: line, section, count=1, flags=re.MULTILINE)
        if times == 0 and not value:
            continue
        if times == 0:
            new = section.rstrip("\n") + f"\n{line}\n"
        if new != section:
            changed.append(line)
        section = new
    file.write_text(before + ssh + section + mark + after)
    return changed


def capture(persona, package, server):
    version = version_of(package)
    if version is None:
        print(f"{package} is not unpacked: ./dev test does that, from packaging/unpacked.txt", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, server(folder) as real:
        found = {"evidence": "measured", "measured_version": version, **measured(real.port)}
    changed = write(persona, found)
    print(f"{PERSONAS}/{persona}.toml: {package} {version}: " + (f"{len(changed)} keys changed" if changed else "as before"))
    for line in changed:
        print("  " + line)
    return 0


if __name__ == "__main__":
    sys.exit(max(capture("debian", "openssh-server", OpenSsh), capture("dropbear", "dropbear-bin", Dropbear)))
