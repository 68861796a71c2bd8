"""The SSH clients that people and bots use, each against the ssh decoy: it logs in, runs a command, and the node tells what it typed."""

import asyncio
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest

from noroshi import Node, wait_until
from test_clients import observations, sessions, wait_for

HERE = pathlib.Path(__file__).parent
PACKS = HERE.parents[1] / "packs"
SECONDS = 60  # a bound for a loaded machine


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Node(tmp_path_factory.mktemp("ssh-clients"), settings=["sense.listen=ssh:127.0.0.1:0"]) as running:
        yield running


@pytest.fixture
def client(node, tmp_path):
    """Runs a client's program in a home of its own, and gives what it printed."""

    def run(*words, status=0, **environment):
        program = shutil.which(words[0])
        if program is None:
            pytest.skip(f"{words[0]} is not installed (packaging/apt_tests.txt)")
        home = {**os.environ, "HOME": str(tmp_path), **environment}
        done = subprocess.run([program, *map(str, words[1:])], capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, env=home, check=False)
        assert done.returncode == status, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def expect_visit(node, software, command, password="root"):
    """A visit whose client calls itself `software` logged in as root and ran `command`: all of it observed."""

    def found():
        for visit in sessions(node) if node.knows("127.0.0.1") else []:
            seen = visit["observations"]
            hello = [each for each in seen if each["kind"] == "hello" and each["client_version"].startswith(f"SSH-2.0-{software}")]
            pairs = [(each["username"], each["password"]) for each in seen if each["kind"] == "login" and each["accepted"]]
            if hello and pairs == [("root", password)] and command in [each.get("command") for each in seen]:
                return len(hello[0]["hassh"]) == 32
        return False

    wait_until(found, f"a visit of {software} with its log-in and {command!r}")


def host_key(node):
    """The fingerprint that PuTTY wants to be told where nobody can be asked."""
    scanned = subprocess.run(["ssh-keyscan", "-t", "ed25519", "-p", str(node.port("ssh")), "127.0.0.1"], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    shown = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=scanned, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    return shown.split()[1]


def test_dbclient_of_dropbear(node, client):
    heard = client("dbclient", "-y", "-y", "-p", node.port("ssh"), "root@127.0.0.1", "echo heard by dropbear", DROPBEAR_PASSWORD="root")
    assert heard == "heard by dropbear\n"
    expect_visit(node, "dropbear", "echo heard by dropbear")


def test_plink_of_putty(node, client):
    fixed = ["-batch", "-ssh", "-P", node.port("ssh"), "-l", "root", "-pw", "root", "-hostkey", host_key(node)]
    assert client("plink", *fixed, "127.0.0.1", "echo heard by putty") == "heard by putty\n"
    expect_visit(node, "PuTTY", "echo heard by putty")


def paramiko_client(port):
    import paramiko

    made = paramiko.SSHClient()
    made.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    made.connect("127.0.0.1", port, "root", "root", look_for_keys=False, allow_agent=False, timeout=SECONDS)
    return made


def test_paramiko(node):
    with paramiko_client(node.port("ssh")) as connection:
        _, output, _ = connection.exec_command("echo heard by paramiko", timeout=SECONDS)
        assert output.read() == b"heard by paramiko\n" and output.channel.recv_exit_status() == 0
    expect_visit(node, "paramiko", "echo heard by paramiko")


def test_a_shell_of_paramiko_with_a_terminal(node):
    with paramiko_client(node.port("ssh")) as connection:
        channel = connection.invoke_shell(term="xterm", width=132, height=43)
        channel.settimeout(SECONDS)
        channel.sendall(b"echo by hand\r")
        heard = b""
        while heard.count(b"by hand") < 2:  # echoed, then answered
            heard += channel.recv(4096)
    expect_visit(node, "paramiko", "echo by hand")


def test_asyncssh(node):
    import asyncssh

    async def talk():
        fixed = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
        async with asyncssh.connect("127.0.0.1", node.port("ssh"), username="root", password="root", **fixed) as connection:
            return await asyncio.wait_for(connection.run("echo heard by asyncssh"), SECONDS)

    done = asyncio.run(talk())
    assert (done.stdout, done.exit_status) == ("heard by asyncssh\n", 0)
    expect_visit(node, "AsyncSSH", "echo heard by asyncssh")


@pytest.fixture(scope="module")
def libssh(tmp_path_factory):
    """The program in libssh_client.c."""
    if not pathlib.Path("/usr/include/libssh/libssh.h").exists():
        pytest.skip("libssh-dev is not installed (packaging/apt_tests.txt)")
    program = tmp_path_factory.mktemp("libssh") / "client"
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", program, HERE / "libssh_client.c", "-lssh"], timeout=SECONDS, check=True)
    return program


def test_libssh(node, client, libssh):
    assert client(libssh, node.port("ssh"), "root", "root", "echo heard by libssh") == "heard by libssh\n"
    expect_visit(node, "libssh", "echo heard by libssh")


@pytest.fixture(scope="module")
def go_client(tmp_path_factory):
    """The program in go_client/. Its module comes from Go's proxy where it was never built before."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed (packaging/apt_tests.txt)")
    program = tmp_path_factory.mktemp("go") / "client"
    settings = {**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    if subprocess.run(["go", "mod", "download"], cwd=HERE / "go_client", timeout=SECONDS, env=settings, check=False).returncode != 0:
        pytest.skip("golang.org/x/crypto is neither here nor at Go's module proxy")
    subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go_client", timeout=5 * SECONDS, env=settings, check=True)
    return program


def test_x_crypto_ssh_of_go(node, client, go_client):
    heard = client(go_client, f"127.0.0.1:{node.port('ssh')}", "root", "root", "echo heard by go")
    assert heard == "heard by go\n"
    expect_visit(node, "Go", "echo heard by go")


# Those who guess: the persona lets in one pair only, at every try, so that finding it is all their own.
GUESSES = ["first-guess", "second guess", "the-one", "fourth-guess"]


@pytest.fixture
def strict_node(tmp_path, monkeypatch):
    packs = tmp_path / "packs"
    shutil.copytree(PACKS, packs)
    persona = packs / "personas/debian.toml"
    text, changed = re.subn(r"(?m)^accept = .*$", 'accept = ["root:the-one"]', persona.read_text())
    text, also = re.subn(r"(?m)^accept_try = .*$", "accept_try = 0", text)
    assert (changed, also) == (1, 1)
    persona.write_text(text)
    monkeypatch.setenv("NOROSHI_PACKS", str(packs))
    with Node(tmp_path, settings=["sense.listen=ssh:127.0.0.1:0"]) as running:
        yield running


def expect_guesses(node, guesses):
    def seen():
        return {(each["username"], each["password"], each["accepted"]) for each in observations(node, kind="login", protocol="ssh")}

    wanted = {("root", guess, guess == "the-one") for guess in guesses}
    wait_until(lambda: wanted <= seen(), f"observations of {wanted}")


@pytest.fixture
def guesses(tmp_path):
    file = tmp_path / "guesses"
    file.write_text("\n".join(GUESSES) + "\n")
    return file


def test_hydra_finds_the_pair_and_every_guess_is_observed(strict_node, client, guesses):
    port = strict_node.port("ssh")
    printed = client("hydra", "-I", "-t", "4", "-l", "root", "-P", guesses, "-s", port, "127.0.0.1", "ssh")
    assert f"[{port}][ssh] host: 127.0.0.1   login: root   password: the-one" in printed
    assert "1 valid password found" in printed
    expect_guesses(strict_node, GUESSES)


def test_medusa_finds_the_pair_and_every_guess_is_observed(strict_node, client, guesses):
    printed = client("medusa", "-h", "127.0.0.1", "-n", strict_node.port("ssh"), "-u", "root", "-P", guesses, "-M", "ssh", "-t", "1", "-f")
    found = re.findall(r"ACCOUNT FOUND: .* User: (\S+) Password: (\S+) \[SUCCESS\]", printed)
    assert found == [("root", "the-one")], printed
    expect_guesses(strict_node, GUESSES[:3])  # it stops where it is let in


def test_nmap_names_the_program_and_lists_what_it_can(node, client):
    persona = tomllib.loads((PACKS / "personas/debian.toml").read_text())["ssh"]
    scripts = "ssh2-enum-algos,ssh-hostkey,ssh-auth-methods"
    printed = client("nmap", "-Pn", "-n", "-sT", "-sV", "-p", node.port("ssh"), "--script", scripts, "127.0.0.1")
    version, package = re.fullmatch(r"SSH-2\.0-OpenSSH_(\S+) Debian-(\S+)", persona["version"]).groups()
    assert f"OpenSSH {version} Debian {package} (protocol 2.0)" in printed, printed
    listed = set(re.findall(r"^\|[ _] {6}(\S+)$", printed, re.MULTILINE))
    for key in ("kex", "host_keys", "ciphers", "macs", "compression"):
        assert set(persona[key]) <= listed, printed
    methods = re.search(r"Supported authentication methods: \n((?:\|[ _] {4}\S+\n)+)", printed)
    assert re.findall(r"\S+$", methods[1], re.MULTILINE) == persona["methods"]
    # Of RSA this nmap asks for SHA-1 signatures, which such a server does not make.
    assert re.findall(r"\((ECDSA|ED25519|RSA)\)", printed) == ["ECDSA", "ED25519"]
    wait_for(node, kind="hello", client_version="SSH-2.0-Nmap-SSH2-Hostkey")


# Files: each client moves one in its own way.


@pytest.fixture
def sample(tmp_path, request):
    """A file that no other test has."""
    file = tmp_path / "sample"
    file.write_bytes(f"moved by {request.node.name}\n".encode() * 5_000)
    return file


def expect_file(node, path, sample):
    wait_for(node, kind="file", file_name=path, sha256=hashlib.sha256(sample.read_bytes()).hexdigest())


def test_paramiko_puts_and_gets_a_file(node, sample):
    back = sample.with_suffix(".back")
    with paramiko_client(node.port("ssh")) as connection, connection.open_sftp() as sftp:
        assert sftp.put(str(sample), "/tmp/by-paramiko").st_size == sample.stat().st_size
        sftp.get("/tmp/by-paramiko", str(back))
    assert back.read_bytes() == sample.read_bytes()
    expect_file(node, "/tmp/by-paramiko", sample)


def test_asyncssh_puts_files_by_sftp_and_scp(node, sample):
    import asyncssh

    async def talk():
        fixed = {"username": "root", "password": "root", "known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
        async with asyncssh.connect("127.0.0.1", node.port("ssh"), **fixed) as connection:
            async with connection.start_sftp_client() as sftp:
                await sftp.put(str(sample), "/tmp/by-asyncssh")
            await asyncssh.scp(str(sample), (connection, "/tmp/by-asyncssh-scp"))

    asyncio.run(talk())
    expect_file(node, "/tmp/by-asyncssh", sample)
    expect_file(node, "/tmp/by-asyncssh-scp", sample)


def test_libssh_puts_a_file(node, client, libssh, sample):
    assert client(libssh, node.port("ssh"), "root", "root", "echo moved", sample, "/tmp/by-libssh") == "moved\n"
    expect_file(node, "/tmp/by-libssh", sample)


def test_scp_over_dbclient_puts_a_file(node, client, sample, tmp_path):
    """Dropbear has no scp of its own on Debian: OpenSSH's runs whatever client it is told."""
    wrapper = tmp_path / "dbclient"
    wrapper.write_text('#!/bin/sh\nfor word; do shift; case $word in -x|-o*) ;; *) set -- "$@" "$word";; esac; done\nexec dbclient -y -y "$@"\n')
    wrapper.chmod(0o700)
    shutil.which("dbclient") or pytest.skip("dbclient is not installed (packaging/apt_tests.txt)")
    client("scp", "-O", "-S", wrapper, "-P", node.port("ssh"), sample, "root@127.0.0.1:/tmp/by-dropbear", DROPBEAR_PASSWORD="root")
    expect_file(node, "/tmp/by-dropbear", sample)


def test_psftp_of_putty_puts_a_file(node, client, sample, tmp_path):
    batch = tmp_path / "batch"
    batch.write_text(f"put {sample} /tmp/by-putty\nquit\n")
    client("psftp", "-batch", "-P", node.port("ssh"), "-l", "root", "-pw", "root", "-hostkey", host_key(node), "-b", batch, "127.0.0.1")
    expect_file(node, "/tmp/by-putty", sample)


def test_a_bot_in_go_pipes_a_file_in(node, go_client, sample):
    command = [go_client, f"127.0.0.1:{node.port('ssh')}", "root", "root", "cat > /tmp/by-go"]
    with sample.open("rb") as bytes_of_it:
        subprocess.run(command, stdin=bytes_of_it, timeout=SECONDS, check=True)
    expect_file(node, "/tmp/by-go", sample)
