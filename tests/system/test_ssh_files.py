"""Files and tunnels inside SSH, with OpenSSH's clients: what goes in is recorded, what comes out is the same, and
nothing is ever connected."""

import hashlib
import random
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
from contextlib import contextmanager

import pytest

from noroshi import Node, wait_until
from ssh_clients import SshClients
from test_clients import observations, wait_for

MEGABYTE = random.Random(1).randbytes(1_000_000)
DIGEST = hashlib.sha256(MEGABYTE).hexdigest()


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    # A megabyte there and back is more than a visitor may have otherwise.
    settings = ["sense.listen=ssh:127.0.0.1:0", "sense.visit_bytes_out=8MiB", "sense.visit_bytes_in=16MiB"]
    with Node(tmp_path_factory.mktemp("ssh_files"), settings=settings) as running:
        yield running


@pytest.fixture
def clients(node, tmp_path):
    return SshClients(tmp_path, node.port("ssh"))


@contextmanager
def connection(clients):
    """One log-in that several commands share: the options by which they do."""
    path = f"{clients.folder}/control"
    begun = clients.ssh("-f", "-N", options=["ControlMaster=yes", f"ControlPath={path}"])
    assert begun.returncode == 0, begun.stderr
    yield [f"ControlPath={path}"]
    clients.ssh("-O", "exit", options=[f"ControlPath={path}"])


def sftp(clients, commands, *options):
    batch = clients.folder / "batch"
    batch.write_text("".join(f"{command}\n" for command in commands))
    # -b would forbid the password.
    return clients.run(["sftp", *clients.flags(*options), "-P", str(clients.port), "root@127.0.0.1"], stdin=batch.read_text())


def scp(clients, *words, options=()):
    return clients.run(["scp", *clients.flags(*options), "-P", str(clients.port), *words])


def test_sftp_puts_gets_and_changes_files_that_the_shell_sees(node, clients):
    local, back = clients.folder / "local", clients.folder / "back"
    local.write_bytes(MEGABYTE)
    with connection(clients) as shared:
        done = sftp(clients, [f"put {local} /tmp/megabyte", f"get /tmp/megabyte {back}", "mkdir /tmp/kit", "rename /tmp/megabyte /tmp/kit/bot",
                              "chmod 755 /tmp/kit/bot", "ls -l /tmp/kit", "symlink bot /tmp/kit/link", "rm /nothing", "pwd"], *shared)
        assert done.returncode == 0, done.stderr
        assert back.read_bytes() == MEGABYTE
        assert re.search(r"-rwxr-xr-x +\S+ root +root +1000000 .* /tmp/kit/bot", done.stdout), done.stdout
        assert "Remote working directory: /root" in done.stdout
        assert "remote delete /nothing: No such file" in done.stderr or "No such file" in done.stderr
        assert clients.ssh("ls", "/tmp/kit", options=shared).stdout.split() == ["bot", "link"]
        assert clients.ssh("echo written > /tmp/kit/by_shell", options=shared).returncode == 0
        got = sftp(clients, [f"get /tmp/kit/by_shell {back}"], *shared)
        assert back.read_text() == "written\n", got.stderr
    seen = wait_for(node, kind="file", file_name="/tmp/megabyte", sha256=DIGEST)[0]
    assert seen["extra"]["size"] == 1_000_000
    wait_for(node, kind="command", protocol="sftp", command="rename /tmp/megabyte /tmp/kit/bot")


@pytest.mark.parametrize("mode", ["-O", "-s"])
def test_scp_puts_and_gets_files_and_folders(node, clients, mode):
    folder = clients.folder / "kit"
    folder.mkdir()
    (folder / "one").write_bytes(MEGABYTE)
    (folder / "two").write_text("two\n")
    (folder / "two").chmod(0o755)
    with connection(clients) as shared:
        put = scp(clients, mode, "-r", "-p", str(folder), f"root@127.0.0.1:/var/tmp/kit{mode}", options=shared)
        assert put.returncode == 0, put.stderr
        got = scp(clients, mode, "-r", "-p", f"root@127.0.0.1:/var/tmp/kit{mode}", str(clients.folder / "back"), options=shared)
        assert got.returncode == 0, got.stderr
        absent = scp(clients, mode, "root@127.0.0.1:/no/such", str(clients.folder / "absent"), options=shared)
    assert (clients.folder / "back/one").read_bytes() == MEGABYTE
    assert (clients.folder / "back/two").read_text() == "two\n"
    assert (clients.folder / "back/two").stat().st_mode & 0o777 == 0o755
    assert int((clients.folder / "back/two").stat().st_mtime) == int((folder / "two").stat().st_mtime)
    assert absent.returncode == 1 and "No such file" in absent.stderr
    wait_for(node, kind="file", file_name=f"/var/tmp/kit{mode}/one", sha256=DIGEST)
    wait_for(node, kind="file", file_name=f"/var/tmp/kit{mode}/two", sha256=hashlib.sha256(b"two\n").hexdigest())


@pytest.mark.skipif(not shutil.which("pscp"), reason="PuTTY's pscp is not installed")
@pytest.mark.parametrize("mode", ["-scp", "-sftp"])
def test_pscp_puts_a_file(node, clients, mode):
    local = clients.folder / "local"
    local.write_bytes(MEGABYTE)
    put = clients.run(["pscp", mode, "-batch", "-pw", "root", "-hostkey", host_key(clients), "-P", str(clients.port), str(local), f"root@127.0.0.1:/tmp/by{mode}"])
    assert put.returncode == 0, put.stderr + put.stdout
    wait_for(node, kind="file", file_name=f"/tmp/by{mode}", sha256=DIGEST)


def host_key(clients):
    clients.ssh("true", options=["HostKeyAlgorithms=ssh-ed25519"])
    listed = subprocess.run(["ssh-keygen", "-l", "-f", f"{clients.folder}/known"], capture_output=True, text=True, timeout=20, check=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if "ED25519" in line)


def test_a_command_reads_what_is_piped_into_it(node, clients):
    done = clients.ssh("cat > /tmp/piped; chmod +x /tmp/piped; /tmp/piped", stdin=MEGABYTE)
    assert done.returncode == 0, done.stderr
    wait_for(node, kind="file", file_name="/tmp/piped", sha256=DIGEST)
    assert clients.ssh("cat", stdin="there and back\n").stdout == "there and back\n"
    assert clients.ssh("sh", stdin="echo heard\n").stdout == "heard\n"


def test_commands_end_with_their_status(clients):
    assert clients.ssh("true").returncode == 0
    assert clients.ssh("exit 7").returncode == 7
    assert clients.ssh("cat /no/such").returncode == 1
    assert clients.ssh("no_such_program").returncode == 127


@pytest.fixture
def forward(clients):
    """A local port that leads through the decoy, for each target."""
    running = []

    def to(target):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        path = f"{clients.folder}/forward{port}"
        begun = clients.ssh("-f", "-N", "-L", f"127.0.0.1:{port}:{target}", options=["ExitOnForwardFailure=yes", "ControlMaster=yes", f"ControlPath={path}"])
        assert begun.returncode == 0, begun.stderr
        running.append(path)
        return port

    yield to
    for path in running:
        clients.ssh("-O", "exit", options=[f"ControlPath={path}"])


def test_http_through_a_tunnel_is_answered_and_a_request(node, forward):
    url = f"http://127.0.0.1:{forward('web.example.com:80')}"
    got = subprocess.run(["curl", "-si", "-A", "tunnelled", f"{url}/", f"{url}/absent"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert got.count("HTTP/1.1 200 OK") == 1 and got.count("HTTP/1.1 404 Not Found") == 1
    seen = wait_for(node, kind="request", method="GET", path="/absent", user_agent="tunnelled")[0]
    assert seen["extra"]["through"] == "direct-tcpip web.example.com:80"


def test_tls_through_a_tunnel_is_refused_and_a_hello(node, forward):
    port = forward("bank.example.com:443")
    context = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
        context.wrap_socket(plain, server_hostname="bank.example.com")
    seen = wait_for(node, kind="hello", protocol="tls", sni="bank.example.com")[0]
    assert seen["ja4"].startswith("t13d") and len(seen["ja3"]) == 32


def test_mail_through_a_tunnel_is_taken_and_recorded(node, forward):
    with smtplib.SMTP("127.0.0.1", forward("mx.example.com:25"), timeout=20) as mail:
        mail.login("spammer", "secret")
        mail.sendmail("from@example.org", ["to@example.net", "more@example.net"], "Subject: buy\n\nnow\n")
    wait_for(node, kind="login", protocol="smtp", username="spammer", password="secret")
    seen = wait_for(node, kind="payload", protocol="smtp")[0]
    assert seen["extra"]["from"] == "from@example.org" and seen["extra"]["to"] == ["to@example.net", "more@example.net"]


def test_what_goes_through_w_is_kept_whatever_it_is(node, clients):
    done = clients.ssh("-W", "nowhere.example.com:4444", stdin="not understood")
    assert done.stdout == ""
    wait_until(lambda: any(each["extra"].get("port") == 4444 for each in observations(node, kind="payload", protocol="ssh")), "the tunnel's first bytes")
    wait_for(node, kind="request", command="direct-tcpip")
