"""Debian's own SSH servers on loopback, as `./dev test` unpacked them, in a mount namespace with users of its own."""

import os
import pathlib
import socket
import subprocess

import pytest

from noroshi import wait_until

FOLDER = pathlib.Path(os.environ.get("NOROSHI_REAL", pathlib.Path(__file__).parents[2] / "build/deps/debian"))
USER, PASSWORD = "visitor", "open sesame"
# Of PASSWORD, for the shadow file: SHA-512 with a fixed salt, from `openssl passwd -6 -salt noroshi`.
HASH = subprocess.run(["openssl", "passwd", "-6", "-salt", "noroshi", PASSWORD], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
# Debian's own way to set the namespace up; everything is gone with the server.
ENTER = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -m 755 /run/sshd
for name in passwd shadow group; do mount --bind "$FOLDER/$name" "/etc/$name"; done
[ -e /etc/pam.d ] && mount --bind "$FOLDER/pam.d" /etc/pam.d
exec "$@"
"""


def version_of(package):
    """The unpacked package's version, or None."""
    versions = FOLDER / "versions"
    lines = dict(line.split("\t") for line in versions.read_text().splitlines()) if versions.exists() else {}
    return lines.get(package)


def need(package, version=None):
    """Skips the test, loudly, where the package is not unpacked, is another version, or this machine cannot run it."""
    there = version_of(package)
    if there is None:
        pytest.skip(f"{package} is not unpacked in {FOLDER}; ./dev test does that where apt-get reaches Debian")
    if version and there != version:
        pytest.skip(f"{package} is {there} here and the persona was measured with {version}; ./dev capture-persona ssh measures it anew")
    if os.geteuid() != 0:
        pytest.skip(f"{package} takes log-ins of others than you only as root")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealServer:
    """One of them, with one user: `RealServer(...)` as a context manager; `port` once entered."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self.process = None
        self.port = None

    def prepare(self):
        root = "root:x:0:0:root:/root:/bin/sh\nsshd:x:64321:65534::/run/sshd:/usr/sbin/nologin\n"
        (self.folder / "passwd").write_text(f"{root}{USER}:x:64322:64322::/:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n")
        (self.folder / "shadow").write_text(f"root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n{USER}:{HASH}:19000:0:99999:7:::\n")
        (self.folder / "group").write_text("root:x:0:\nnogroup:x:65534:\nshadow:x:42:\ntty:x:5:\nvisitor:x:64322:\n")
        pam = self.folder / "pam.d"
        pam.mkdir(exist_ok=True)
        for each in (*pathlib.Path("/etc/pam.d").glob("*"), FOLDER / "etc/pam.d/sshd"):
            if each.exists():
                (pam / each.name).write_bytes(each.read_bytes())

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        self.prepare()
        for _ in range(5):  # somebody else may take the port between our look and the server's
            self.port = free_port()
            environment = {**os.environ, "FOLDER": str(self.folder), "LD_LIBRARY_PATH": f"{FOLDER}/lib/x86_64-linux-gnu:{FOLDER}/usr/lib/x86_64-linux-gnu"}
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", ENTER, "sh", *self.command()], env=environment, stdout=log, stderr=log)
            wait_until(lambda: self.process.poll() is not None or self.answers(), "the real server answers")
            if self.process.poll() is None:
                return self
        raise AssertionError(f"the real server does not start:\n{self.log.read_text()[-2000:]}")

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


class OpenSsh(RealServer):
    """Debian's sshd as Debian configures it; `settings` are lines before its own."""

    def __init__(self, folder, settings=()):
        super().__init__(folder)
        self.settings = settings

    def command(self):
        keys = [self.folder / f"host_{kind}" for kind in ("rsa", "ecdsa", "ed25519")]
        for key in keys:
            if not key.exists():
                subprocess.run(["ssh-keygen", "-q", "-t", key.name[5:], "-N", "", "-f", str(key)], timeout=60, check=True)
        shipped = (FOLDER / "usr/share/openssh/sshd_config").read_text().replace("Include ", "# Include ").replace("/usr/lib/openssh", f"{FOLDER}/usr/lib/openssh")
        # Many probes come at once, from one address; a person's server would drop some of them.
        own = [f"Port {self.port}", "ListenAddress 127.0.0.1", "MaxStartups 10000", "PidFile none", *(f"HostKey {key}" for key in keys), *self.settings]
        config = self.folder / "sshd_config"
        config.write_text("\n".join(own) + "\n" + shipped)
        return [str(FOLDER / "usr/sbin/sshd"), "-D", "-e", "-f", str(config)]


class Dropbear(RealServer):
    """Debian's dropbear; `flags` are its own."""

    def __init__(self, folder, flags=()):
        super().__init__(folder)
        self.flags = flags

    def command(self):
        keys = [self.folder / f"dropbear_{kind}" for kind in ("rsa", "ecdsa", "ed25519")]
        for key in keys:
            if not key.exists():
                subprocess.run([str(FOLDER / "usr/bin/dropbearkey"), "-t", key.name[9:], "-f", str(key)], capture_output=True, timeout=60, check=True)
        flags = [word for key in keys for word in ("-r", str(key))]
        return [str(FOLDER / "usr/sbin/dropbear"), "-F", "-E", "-P", f"{self.folder}/pid", "-p", f"127.0.0.1:{self.port}", *flags, *self.flags]
