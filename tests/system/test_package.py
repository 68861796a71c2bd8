"""The Debian package in a root of its own: it installs, its service's command line runs as its user, it upgrades with data and
configuration kept, is removed, is purged. Takes minutes and the network: part of ./dev test --long."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

import pytest

from debian_root import DebianRoot, base
from noroshi import PATIENCE, PROGRAM, wait_until

BUILD = pathlib.Path(PROGRAM).parent
FOREIGN = "193.0.6.139"  # an address that the shipped data places: the RIPE NCC's, in the Netherlands

pytestmark = [
    pytest.mark.skipif(not os.environ.get("NOROSHI_LONG"), reason="NOT SHOWN: the package's life needs --long (minutes, the network)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT SHOWN: the package's life needs root (chroot, namespaces)"),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package as ./dev package makes it."""
    folder = tmp_path_factory.mktemp("package")
    made = ["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder, "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder}"]
    subprocess.run(made, check=True, capture_output=True, timeout=600)
    (deb,) = folder.glob("*.deb")
    return deb


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    made = DebianRoot(tmp_path_factory.mktemp("debian") / "root", BUILD / "debian")
    yield made
    made.end()


def newer(package, folder):
    """The same package as version 9, with another configuration file than the admin ever saw."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("^Version: .*$", "Version: 9.0.0", control.read_text(), flags=re.MULTILINE))
    with open(tree / "etc/noroshi/noroshi.toml", "a") as file:
        file.write("# of version 9\n")
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "-b", tree, folder / "newer.deb"], check=True, capture_output=True)
    return folder / "newer.deb"


class Unit:
    """What a unit file says: all values of each key."""

    def __init__(self, text):
        self.all = {}
        for line in text.splitlines():
            if "=" in line and not line.startswith("#"):
                name, value = line.split("=", 1)
                self.all.setdefault(name, []).append(value)

    def one(self, name):
        (value,) = self.all[name]
        return value


class Service:
    """The installed unit's own command line, user and environment, started without systemd."""

    def __init__(self, root):
        self.root = root
        self.unit = Unit(root.read("/usr/lib/systemd/system/noroshi.service"))
        self.user = self.unit.one("User")
        self.environment = dict(each.split("=", 1) for each in self.unit.all["Environment"])
        self.process = None

    def start(self, log):
        self.root.run(*shlex.split(self.unit.one("ExecStartPre")), user=self.user, environment=self.environment)
        command = self.root.inside(*shlex.split(self.unit.one("ExecStart")), user=self.user, environment=self.environment)
        self.log = open(log, "ab")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_until(lambda: self.listeners(), f"the service listens; see {log}")
        return self

    def ask(self, *words):
        return self.root.run("noroshi", *words, user=self.user, environment=self.environment)

    def json(self, *words):
        return [json.loads(line) for line in self.ask(*words, "--format", "json").splitlines()]

    def listeners(self):
        assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
        command = self.root.inside("noroshi", "status", "--format", "json", user=self.user, environment=self.environment)
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode == 0 and json.loads(done.stdout)["listeners"]

    def stop(self):
        # nsenter waits for the program, which is its child in the other process namespace.
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), 15)
        assert self.process.wait(PATIENCE) == 0, pathlib.Path(self.log.name).read_text()


def paths(service):
    return {each["value"]: each["count"] for each in service.json("top", "request", "path")}


def visit(root, path, source="127.0.0.1"):
    curl = root.beside("curl", "-s", "-o", "/dev/null", "--interface", source, f"http://127.0.0.1:8081{path}")
    subprocess.run(curl, check=True, timeout=PATIENCE)


def check_installed(root):
    for path in ("geo/country.mmdb", "geo/asn.ranges", "geo/country.NOTICE", "geo/asn.NOTICE", "packs/rules", "packs/personas", "packs/ssh/moduli"):
        assert root.exists(f"/usr/share/noroshi/{path}"), path
    copyright_ = root.read("/usr/share/doc/noroshi/copyright")
    for word in ("Apache-2.0", "DuckDB", "DB-IP", "routeviews.org", "nro.net", "MISP"):
        assert word in copyright_, word
    assert root.run("noroshi", "--version").startswith("noroshi ")
    assert "libduckdb.so => /usr/bin/../lib/noroshi/libduckdb.so" in root.run("ldd", "/usr/bin/noroshi")
    assert root.run("stat", "-c", "%U %a", "/var/lib/noroshi", "/var/backups/noroshi").split() == ["noroshi", "700"] * 2


def check_units(root, folder):
    """systemd reads the units without a word. The root has no systemd, so this machine's reads them, with its own program."""
    for kind in ("service", "socket"):
        text = root.read(f"/usr/lib/systemd/system/noroshi.{kind}")
        (folder / f"noroshi.{kind}").write_text(text.replace("=/usr/bin/noroshi ", f"={PROGRAM} "))
    units = [folder / "noroshi.service", folder / "noroshi.socket"]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=PATIENCE)
    said = [line for line in done.stderr.splitlines() if "noroshi" in line]
    assert done.returncode == 0 and not said, done.stderr


def test_the_package_installs_starts_upgrades_and_goes(package, root, tmp_path):
    shutil.copy(package, root.path / "tmp/noroshi.deb")
    root.apt("update")
    began = time.monotonic()
    said = root.apt("install", "/tmp/noroshi.deb")
    print(f"\n{package.name}: {package.stat().st_size / 1e6:.1f} MB; installed with its dependencies in {time.monotonic() - began:.0f} s")
    assert "Noroshi is installed" in said
    check_installed(root)
    check_units(root, tmp_path)

    # It starts as its unit says, is visited, and knows by whom.
    subprocess.run(root.beside("ip", "address", "add", f"{FOREIGN}/32", "dev", "lo"), check=True)
    service = Service(root).start(tmp_path / "service.log")
    visit(root, "/first", FOREIGN)
    telnet = root.beside("busybox", "telnet", "127.0.0.1", "2323")
    subprocess.run(telnet, input=b"root\nadmin\n", capture_output=True, timeout=PATIENCE)
    wait_until(lambda: paths(service).get("/first") == 1, "the visit is recorded")
    shown = service.json("show", "ip", FOREIGN)[0]
    assert shown["country"] == "NL" and shown["asn"] == 3333, shown
    assert "seccomp" in service.ask("status")
    service.ask("backup", "/var/backups/noroshi/first")

    # The admin's configuration and everything seen outlive an upgrade.
    config = root.path / "etc/noroshi/noroshi.toml"
    config.write_text(config.read_text() + "# the admin's own line\n")
    edited = config.read_text()
    service.stop()
    shutil.copy(newer(package, tmp_path), root.path / "tmp/newer.deb")
    root.apt("-o", "Dpkg::Options::=--force-confold", "install", "/tmp/newer.deb")
    assert root.run("dpkg-query", "-W", "-f", "${Version}", "noroshi") == "9.0.0"
    assert config.read_text() == edited and "of version 9" in root.read("/etc/noroshi/noroshi.toml.dpkg-dist")
    service = Service(root).start(tmp_path / "service.log")
    visit(root, "/second")
    wait_until(lambda: paths(service).get("/second") == 1, "the visit after the upgrade")
    assert paths(service)["/first"] == 1
    service.stop()

    # Removed, it leaves what was seen; purged, it leaves backups only, and their owner.
    root.apt("remove", "noroshi")
    assert not root.exists("/usr/bin/noroshi") and not root.exists("/usr/share/noroshi/geo")
    assert root.exists("/var/lib/noroshi/catalogue.sqlite") and config.read_text() == edited
    root.apt("purge", "noroshi")
    assert not root.exists("/var/lib/noroshi") and not root.exists("/etc/noroshi")
    assert root.exists("/var/backups/noroshi/first/manifest.json") and "noroshi" in root.run("getent", "passwd", "noroshi")
    shutil.rmtree(root.path / "var/backups/noroshi/first")
    root.apt("install", "/tmp/noroshi.deb")
    root.apt("purge", "noroshi")
    assert not root.exists("/var/backups/noroshi")
    root.run("getent", "passwd", "noroshi", expect=2)


# Neither a daemon nor a kernel's overlay is needed.
BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
VISITED = """
({entry}) >/tmp/log 2>&1 & node=$!
for i in $(seq 300); do noroshi top request path 2>/dev/null | grep contained && break; sleep 0.2; done
kill $node; cat /tmp/log
"""


def test_the_containerfile_builds_and_what_it_starts_is_visited(package, tmp_path):
    """The base image cannot be had without a registry: a debootstrap root stands in for it under its name."""
    if not shutil.which("buildah"):
        pytest.skip("NOT SHOWN: buildah is not installed")

    def buildah(*words, prefix=()):
        command = [*prefix, "buildah", "--root", tmp_path / "images", "--runroot", tmp_path / "run", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600, env={**os.environ, **BUILDAH}).stdout.strip()

    containerfile = (pathlib.Path(__file__).parents[2] / "packaging/Containerfile")
    plain = buildah("from", "scratch")
    buildah("add", "-q", plain, base(BUILD / "debian"), "/")
    buildah("commit", "-q", plain, re.search("^FROM (.*)$", containerfile.read_text(), re.MULTILINE)[1])
    buildah("bud", "--pull-never", "--layers=false", "-f", containerfile, "-t", "noroshi", package.parent)
    made = buildah("from", "--pull-never", "localhost/noroshi")
    shell, option, entry = json.loads(re.search("^ENTRYPOINT (.*)$", containerfile.read_text(), re.MULTILINE)[1])
    visitor = "ip link set lo up; (curl -s --retry 100 --retry-connrefused --retry-delay 1 http://127.0.0.1:8081/contained >/dev/null) & exec "
    inside = ["unshare", "--net", "sh", "-c", visitor + '"$@"', "sh"]
    said = buildah("run", made, "--", shell, option, VISITED.format(entry=entry), prefix=inside)
    assert "/contained" in said and "Noroshi is up. Data: /var/lib/noroshi" in said, said
    for port in re.search("^EXPOSE (.*)$", containerfile.read_text(), re.MULTILINE)[1].split():
        assert f"0.0.0.0:{port}" in said, port
    subprocess.run(["rm", "-rf", tmp_path / "images", tmp_path / "run"], check=True)  # a gigabyte


# Runs in a system that systemd has booted; each answer stands behind its name.
PROBE = r"""
exec >/probe.log 2>&1
tell() { echo "== $1"; }
data="--data /var/lib/noroshi"
ip link set lo up
sed -i 's/^listen = \["telnet.*/listen = ["telnet@router:0.0.0.0:23", "http@nginx:0.0.0.0:80", "any:0.0.0.0:9999"]/' /etc/noroshi/noroshi.toml
systemctl start noroshi.socket
tell visited; curl -s -m 60 http://127.0.0.1/by-systemd -o /dev/null -w '%{http_code}\n'
for i in $(seq 100); do noroshi $data top request path 2>/dev/null | grep by-systemd && break; sleep 0.2; done
tell status; noroshi $data status --format json
tell command; tr '\0' ' ' <"/proc/$(pgrep -f 'noroshi.* decoys ' | head -n 1)/cmdline"; echo
tell private; noroshi $data backup /tmp/x
tell backup; noroshi $data backup /var/backups/noroshi/one
tell elsewhere; noroshi $data backup /srv/one
tell restarted; systemctl restart noroshi; curl -s -m 60 http://127.0.0.1/again -o /dev/null -w '%{http_code}\n'; systemctl is-active noroshi
tell upgraded; DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /root/newer.deb >/dev/null 2>&1; dpkg-query -W -f '${Version} ' noroshi; systemctl is-active noroshi
tell removed; dpkg -r noroshi >/dev/null 2>&1; systemctl is-active noroshi noroshi.socket; ls /var/lib/noroshi/catalogue.sqlite
tell end
systemctl poweroff
"""
PROBE_UNIT = "[Service]\nType=oneshot\nExecStart=/bin/sh /probe.sh\n[Install]\nWantedBy=multi-user.target\n"


@pytest.fixture
def fresh_root(tmp_path):
    made = DebianRoot(tmp_path / "root", BUILD / "debian")
    yield made
    made.end()


def test_systemd_opens_low_ports_holds_the_service_and_follows_an_upgrade(package, fresh_root, tmp_path):
    """systemd itself as the first process of a container, with a network of its own."""
    if not shutil.which("systemd-nspawn"):
        pytest.skip("NOT SHOWN: systemd-nspawn is not installed")
    root = fresh_root
    shutil.copy(package, root.path / "tmp/noroshi.deb")
    shutil.copy(newer(package, tmp_path), root.path / "root/newer.deb")
    root.apt("update")
    root.apt("install", "systemd", "curl", "iproute2", "procps", "/tmp/noroshi.deb")
    (root.path / "probe.sh").write_text(PROBE)
    (root.path / "etc/systemd/system/probe.service").write_text(PROBE_UNIT)
    root.run("systemctl", "enable", "probe.service")
    boot = ["systemd-nspawn", "-q", "-D", root.path, "--boot", "--private-network", "--register=no", "--keep-unit", f"--machine=noroshi-{os.getpid()}"]
    console = subprocess.run(boot, capture_output=True, timeout=300, stdin=subprocess.DEVNULL).stdout.decode(errors="replace")
    if not root.exists("/probe.log"):
        pytest.skip(f"NOT SHOWN: systemd does not boot in a container here: {console[-500:]}")
    told = dict(part.partition("\n")[::2] for part in root.read("/probe.log").split("== ")[1:])
    assert "end" in told and "by-systemd" in told["visited"], told
    status = json.loads(told["status"].splitlines()[0])
    assert {each["port"] for each in status["listeners"]} == {23, 80, 9999}
    assert {each["name"] for each in status["protections"] if each["active"]} >= {"capabilities", "no_new_privileges", "seccomp"}
    assert "--activated 2" in told["command"]
    assert "not there for you" in told["private"] and "Read-only" in told["elsewhere"] and "files" in told["backup"], told
    assert told["restarted"].split() == ["404", "active"] and told["upgraded"].split() == ["9.0.0", "active"], told
    assert told["removed"].split() == ["inactive", "inactive", "/var/lib/noroshi/catalogue.sqlite"], told


def test_lintian_finds_no_error(package):
    if not shutil.which("lintian"):
        pytest.skip("NOT SHOWN: lintian is not installed")
    done = subprocess.run(["lintian", "--fail-on", "error,warning", package], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout
