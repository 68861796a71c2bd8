"""A small network of namespaces: a hub, and leaves that each hang on it by a cable of their own. As root or without."""

import os
import pathlib
import subprocess

from noroshi import wait_until

ROOT = os.geteuid() == 0


class Missing(Exception):
    """This machine permits no namespaces; the text says what was refused."""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise Missing(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """Held by a sleeping process, and gone with it."""

    def __init__(self, prefix=(), new_user=False):
        self.holder = subprocess.Popen([*prefix, "unshare", *(["--user", "--map-root-user"] if new_user else []), "--net", "sleep", "infinity"], stderr=subprocess.PIPE)
        comm = pathlib.Path(f"/proc/{self.holder.pid}/comm")
        wait_until(lambda: self.holder.poll() is not None or comm.read_text() == "sleep\n", "the namespace")
        if self.holder.poll() is not None:
            raise Missing(self.holder.stderr.read().decode().strip())
        # Before any word of a command that is to run inside.
        self.prefix = ["nsenter", f"--target={self.holder.pid}", *([] if ROOT else ["--user", "--preserve-credentials"]), "--net"]
        run(*self.prefix, "ip", "link", "set", "lo", "up")

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stderr.close()


class Network:
    """The hub is 10.99.N.1 to leaf N, which is 10.99.N.2."""

    def __init__(self, leaves):
        self.all = []
        try:
            self.hub = self.make(new_user=not ROOT)
            self.leaves = [self.make(prefix=self.hub.prefix) for _ in range(leaves)]
            for number, leaf in enumerate(self.leaves):
                inside = [*self.hub.prefix, "ip"]
                run(*inside, "link", "add", f"cable{number}", "type", "veth", "peer", "name", "cable", "netns", str(leaf.holder.pid))
                run(*inside, "address", "add", f"{self.hub_address(number)}/30", "dev", f"cable{number}")
                run(*inside, "link", "set", f"cable{number}", "up")
                run(*leaf.prefix, "ip", "address", "add", f"10.99.{number}.2/30", "dev", "cable")
                run(*leaf.prefix, "ip", "link", "set", "cable", "up")
        except Missing:
            self.close()
            raise

    def make(self, **options):
        self.all.append(Namespace(**options))
        return self.all[-1]

    @staticmethod
    def hub_address(number):
        return f"10.99.{number}.1"

    def set_cable(self, number, state):
        """`state`: "up" or "down"."""
        run(*self.hub.prefix, "ip", "link", "set", f"cable{number}", state)

    def close(self):
        for each in self.all:
            each.close()
