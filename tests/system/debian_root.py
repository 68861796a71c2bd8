"""A Debian root of its own to install the package in: unpacked from a cached archive, entered with namespaces, thrown away."""

import pathlib
import re
import subprocess

LIMIT = 900  # seconds for what goes over the network


def mirror():
    """The Debian mirror that this machine itself uses."""
    for place in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]:
        found = place.is_file() and re.search(r"^(?!#).*?(https?://\S+/debian/?)(?=\s|$)", place.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return "http://deb.debian.org/debian"


def base(cache):
    """An archive of a minimal Debian 12, made at the first call and kept."""
    archive = cache / "bookworm.tar"
    if not archive.exists():
        folder = cache / "bookworm"
        subprocess.run(["rm", "-rf", folder], check=True)
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder, mirror()], check=True, timeout=LIMIT, capture_output=True)
        subprocess.run(["tar", "-C", folder, "-cf", cache / "bookworm.part", "."], check=True)
        (cache / "bookworm.part").rename(archive)
        subprocess.run(["rm", "-rf", folder], check=True)
    return archive


class DebianRoot:
    """Commands below `path`; those of `inside` have loopback and nothing else for a network, those of `online` have ours."""

    def __init__(self, path, cache):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        subprocess.run(["tar", "-C", self.path, "-xf", base(cache)], check=True)
        (self.path / "etc/resolv.conf").write_bytes(pathlib.Path("/etc/resolv.conf").read_bytes())
        # It holds the namespaces; all within ends with it.
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", f"--mount-proc={self.path}/proc", "sh", "-c",
             "ip link set lo up && echo up && exec sleep infinity"], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "up\n"
        self.pid = int(pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()[0])

    def online(self, *words, **options):
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.path}/proc", "chroot", self.path, *words]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=environment, stdin=subprocess.DEVNULL, **options)

    def apt(self, *words):
        done = self.online("apt-get", "-y", "-q", "--no-install-recommends", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def beside(self, *words):
        """A command line of this machine's own programs in the root's network."""
        return ["nsenter", "-t", str(self.pid), "-n", "--", *map(str, words)]

    def inside(self, *words, user=None, environment=None):
        """A command line within, as root or as a user that has given up every right, as its unit says."""
        settings = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *(f"{name}={value}" for name, value in (environment or {}).items())]
        become = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--no-new-privs", "--bounding-set=-all"] if user else []
        shell = ["sh", "-c", 'umask 0077; exec "$@"', "sh"]
        return ["nsenter", "-t", str(self.pid), "-n", "-m", "-p", "--", "chroot", str(self.path), *settings, *become, *shell, *map(str, words)]

    def run(self, *words, user=None, environment=None, expect=0):
        done = subprocess.run(self.inside(*words, user=user, environment=environment), capture_output=True, text=True, timeout=120)
        assert done.returncode == expect, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def exists(self, path):
        return (self.path / path.lstrip("/")).exists()

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text()

    def end(self):
        self.holder.kill()
        self.holder.wait()
        subprocess.run(["rm", "-rf", "--one-file-system", self.path], check=True)
