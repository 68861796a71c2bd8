"""The README's tour, as written: on a clean user account and an empty checkout where we may make one.

Each ```console block of the section "Five minutes" is run in order. A line that starts with "$ " is a command; the lines
behind it are what it prints, where … stands for anything. In a telnet block, what follows a prompt is typed. The block
that starts the node runs beside the others until the end."""

import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

from terminal import Terminal

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMPT = re.compile(r"^(.*?(?:login: |Password: |[~\w/.-]* ?[#$] ))(.+)$")
ACCOUNT = "noroshi-tour"


def blocks():
    """Every console block of the tour as a list of (command, [expected lines])."""
    tour = (ROOT / "README.md").read_text().split("## Five minutes", 1)[1].split("\n## ", 1)[0]
    found = []
    for text in re.findall(r"```console\n(.*?)```", tour, re.S):
        commands = []
        for line in text.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


def pattern(line):
    return ".*".join(re.escape(part) for part in re.split(r"\s*…\s*", re.sub(r"\s+", " ", line.strip())))


def assert_printed(expected, printed, command):
    """Every expected line appears, in order; white space is folded and … matches anything."""
    lines = [re.sub(r"\s+", " ", line.strip()) for line in printed.splitlines()]
    at = 0
    for line in expected:
        if not line.strip() or line.strip() == "…":
            continue
        while at < len(lines) and not re.fullmatch(pattern(line), lines[at]):
            at += 1
        assert at < len(lines), f"`{command}` did not print {line!r}; it printed\n{printed}"
        at += 1


class Account:
    """A user account of the test's own with an empty checkout in its home; our own account where we are not root."""

    def __init__(self, tmp_path):
        self.made = os.geteuid() == 0
        if self.made:
            subprocess.run(["userdel", "-r", ACCOUNT], capture_output=True)
            subprocess.run(["useradd", "-m", "-s", "/bin/bash", ACCOUNT], check=True)
            self.home = pathlib.Path(pwd.getpwnam(ACCOUNT).pw_dir)
        else:
            self.home = tmp_path
        self.checkout = self.home / "noroshi"
        # What is not committed is not there: this is what a stranger gets.
        subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", ROOT, self.checkout], check=True)
        if self.made:
            # Compiled objects come from the cache of who runs the tests; everything else is the account's own.
            if cache := cache_folder():
                subprocess.run(["cp", "-r", cache, self.home / ".ccache"], check=True)
            subprocess.run(["chown", "-R", ACCOUNT, self.home], check=True)

    def words(self, command):
        shell = ["bash", "-c", f"cd {self.checkout} && {command}"]
        if not self.made:
            return shell
        kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(("npm_config", "NPM_CONFIG")) or name.lower().endswith("_proxy")]
        kept += [f"CCACHE_DIR={self.home}/.ccache", "CI=true", "LANG=C.UTF-8", f"PATH={os.environ['PATH']}"]
        return ["runuser", "-u", ACCOUNT, "--", "env", "-i", f"HOME={self.home}", f"USER={ACCOUNT}", *kept, *shell]

    def remove(self):
        if self.made:
            subprocess.run(["pkill", "-KILL", "-u", ACCOUNT])
            subprocess.run(["userdel", "-r", ACCOUNT], capture_output=True)
        else:
            shutil.rmtree(self.checkout, ignore_errors=True)


def cache_folder():
    """The compiler cache of who runs the tests, where it has one of a size that is quickly copied."""
    shown = subprocess.run(["ccache", "-k", "cache_dir"], capture_output=True, text=True)
    folder = pathlib.Path(shown.stdout.strip() or "/nonexistent")
    if not folder.is_dir():
        return None
    size = int(subprocess.run(["du", "-sm", folder], capture_output=True, text=True).stdout.split()[0])
    return folder if size < 2000 else None


def type_in_terminal(account, command, lines):
    """A telnet session: what follows a prompt is typed, everything else is awaited."""
    with Terminal(*account.words(command), patience=30) as terminal:
        for line in lines:
            if not line.strip() or line.strip() == "…":
                continue
            found = PROMPT.match(line)
            if found:
                terminal.expect(re.split("…", found[1])[-1])
                terminal.type(found[2] + "\r")
            else:
                terminal.expect(max(re.split("…", line.strip()), key=len))


def read_until(process, marker, patience):
    """What the process printed, up to and with the marker."""
    printed = ""
    end = time.monotonic() + patience
    while marker not in printed:
        ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
        assert ready, f"no {marker!r} within {patience} s:\n{printed[-3000:]}"
        more = os.read(process.stdout.fileno(), 65536).decode(errors="replace")
        assert more, f"it ended before {marker!r}:\n{printed[-3000:]}"
        printed += more
    return printed


@pytest.fixture
def account(tmp_path):
    account = Account(tmp_path)
    yield account
    account.remove()


def run_until_printed(account, command, expected):
    """Runs a command of the tour. What was just seen takes a moment on its way into the stores, so a person may have to
    ask again; so does this."""
    end = time.monotonic() + 20
    while True:
        done = subprocess.run(account.words(command), capture_output=True, text=True, timeout=180)
        try:
            assert done.returncode == 0, f"`{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            assert_printed(expected, done.stdout, command)
            return
        except AssertionError:
            if time.monotonic() > end:
                raise


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the tour starts from a checkout, and this is none")
def test_the_tour_of_the_readme_goes_as_written(account):
    tour = blocks()
    (start, expected), *_ = tour[0]
    node = subprocess.Popen(account.words(start), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        # A build from nothing, where no cache helps.
        assert_printed(expected, read_until(node, "Ctrl-C ends it.", 800), start)
        for block in tour[1:]:
            for command, expected in block:
                if command.startswith(("telnet", "busybox telnet")):
                    type_in_terminal(account, command, expected)
                else:
                    run_until_printed(account, command, expected)
    finally:
        os.killpg(node.pid, signal.SIGINT)
        try:
            node.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        node.stdout.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
