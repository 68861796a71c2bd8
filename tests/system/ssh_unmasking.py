"""Published ways to tell an SSH honeypot from a server, each written anew from its description. A check gives what it found, or nothing."""

import contextlib
import itertools
import re
import secrets
import time

import paramiko

from ssh_stand_in import CONCH
from ssh_wire import connect, kexinit, packet, read_all, strings

PATIENCE = 2  # seconds without a byte: then the server waits for more
SECONDS = 20  # a bound for a loaded machine
SOURCES = itertools.count(1)

# Versions that honeypots show where nobody set another: lists of detect-kippo-cowrie and PotSnitch, and the
# configurations that sshesame and T-Pot ship.
BANNERS = {
    "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10", "SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2.8",
    "SSH-2.0-OpenSSH_6.0p1 Debian-4+deb7u2", "SSH-2.0-OpenSSH_5.1p1 Debian-5", "SSH-2.0-OpenSSH_5.9p1 Debian-5ubuntu1", "SSH-2.0-OpenSSH_5.9p1 Debian-5ubuntu1.4",
    "SSH-1.99-OpenSSH_4.3", "SSH-1.99-OpenSSH_4.7", "SSH-1.99-Sun_SSH_1.1", "SSH-2.0-OpenSSH_4.2p1 Debian-7ubuntu3.1", "SSH-2.0-OpenSSH_4.3", "SSH-2.0-OpenSSH_4.6",
    "SSH-2.0-OpenSSH_5.1p1 FreeBSD-20080901", "SSH-2.0-OpenSSH_5.3p1 Debian-3ubuntu5", "SSH-2.0-OpenSSH_5.3p1 Debian-3ubuntu6", "SSH-2.0-OpenSSH_5.3p1 Debian-3ubuntu7",
    "SSH-2.0-OpenSSH_5.5p1 Debian-6", "SSH-2.0-OpenSSH_5.5p1 Debian-6+squeeze1", "SSH-2.0-OpenSSH_5.5p1 Debian-6+squeeze2",
    "SSH-2.0-OpenSSH_5.8p2_hpn13v11 FreeBSD-20110503", "SSH-2.0-OpenSSH_5.9", "SSH-2.0-sshesame", "SSH-2.0-Go",
}  # fmt: skip
# OpenSSH's releases and the key exchanges that are among its own choice from then on.
KEX_SINCE = {
    "curve25519-sha256@libssh.org": (6, 5), "diffie-hellman-group14-sha256": (7, 3), "diffie-hellman-group16-sha512": (7, 3), "diffie-hellman-group18-sha512": (7, 3),
    "curve25519-sha256": (7, 4), "sntrup761x25519-sha512@openssh.com": (8, 9), "mlkem768x25519-sha256": (9, 9),
}  # fmt: skip
# Of Cowrie's machine, where nobody changed it.
MACHINE = ["svr04", "svr03", "nas3", "3.2.0-4-amd64", "Debian 3.2.68", "2.6.26-2-686", "phil:", "richard", "E8200", "997740 kB"]
LOOKS = ["hostname", "uname -a", "cat /etc/passwd", "cat /proc/cpuinfo", "cat /proc/meminfo", "cat /proc/version", "ls /home"]


class Target:
    """A server, a pair that opens it, and another installation of the same server."""

    def __init__(self, port, pair, other=None):
        self.port, self.pair, self.other = port, pair, other


# Without a log-in.


def first_line(port):
    with connect(port) as connection:
        return connection.makefile("rb").readline().decode(errors="replace").rstrip("\r\n")


def after_version(port, said, most=1024):
    """What comes upon `said`, of which the published programs read one piece."""
    with connect(port) as connection:
        connection.makefile("rb", buffering=0).readline()
        connection.sendall(said)
        return read_all(connection, PATIENCE)[0][:most]


def proposal(port):
    """KEXINIT: cookie, lists and padding."""
    with connect(port) as connection:
        stream = connection.makefile("rb")
        stream.readline()
        connection.sendall(b"SSH-2.0-probe\r\n")
        whole = stream.read(int.from_bytes(stream.read(4)))
        payload = whole[1 : len(whole) - whole[0]]
        return payload[1:17], [each.decode().split(",") for each in strings(payload, 8, 17)], whole[len(whole) - whole[0] :]


def default_banner(target):
    """https://github.com/blazeinfosec/detect-kippo-cowrie: a version of the honeypots' own configuration."""
    version = first_line(target.port)
    return version if version in BANNERS else ""


def endless_banner(target):
    """https://github.com/skeeto/endlessh: lines, and never a version."""
    line = first_line(target.port)
    return "" if line.startswith("SSH-") else line


def eight_line_ends(target):
    """Metasploit's detect_kippo (https://www.obscurechannel.com/x42/magicknumber.html): the version and eight line ends."""
    heard = after_version(target.port, first_line(target.port).encode() + b"\n" * 8)
    found = re.search(rb"^Protocol mismatch\.\n$|bad packet length", heard)
    return found and found[0].decode()


def slash_and_line_ends(target):
    """nmap's kippo-detect.nse (https://github.com/sasqwatch/RTK): a slash and seven line ends."""
    return "bad packet length" if b"bad packet length" in after_version(target.port, b"SSH-2.0-/\r\n" + b"\r\n" * 6) else ""


def bad_version(target):
    """https://github.com/blazeinfosec/detect-kippo-cowrie, technique 1; honeydet's signature 8 has another number."""
    for said, told in ((b"SSH-1337\n", b"bad version"), (b"SSH-1111-OpenSSH_9.0\r\n", b"bad version 1111")):
        if told in after_version(target.port, said):
            return told.decode()
    return ""


def told_wrong(target, said):
    heard = after_version(target.port, said)
    return next((word.decode() for word in (b"corrupt", b"mismatch") if word in heard), "")


def spacer(target):
    """https://github.com/blazeinfosec/detect-kippo-cowrie, technique 2: a version and ten line ends."""
    return told_wrong(target, b"SSH-2.0-OpenSSH" + b"\n" * 10)


def double_banner(target):
    """https://github.com/blazeinfosec/detect-kippo-cowrie, technique 3: a version twice."""
    return told_wrong(target, b"SSH-2.0-OpenSSH_6.0p1 Debian-4+deb7u2\n" * 2)


def library_words(target):
    """Vetterl and Clayton, Bitter Harvest (USENIX WOOT 2018): a proposal with which nobody agrees gets the library's own words."""
    heard = after_version(target.port, b"SSH-2.0-probe\r\n" + packet(kexinit(kex=b"none", key=b"none")), most=65536)
    return next((words.decode() for words in (b"couldn't match all kex parts", b"Incompatible ssh", b"ssh: no common algorithm") if words in heard), "")


def kex_of_another_version(target):
    """Metasploit's ssh_honeypot (https://github.com/rapid7/metasploit-framework/pull/21433): a version without its key exchanges."""
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", first_line(target.port))
    if not version:
        return ""
    number = tuple(map(int, version.groups()))
    kex = proposal(target.port)[1][0]
    missing = [name for name, since in KEX_SINCE.items() if number >= since and name not in kex]
    return ", ".join(missing + [name for name in kex if "tinyssh" in name])


def library_proposal(target):
    """PotSnitch's check of ciphers, and HASSH (https://github.com/salesforce/hassh): the lists are a library's."""
    lists = proposal(target.port)[1]
    preferred = [",".join(getattr(paramiko.Transport, f"_preferred_{kind}")) for kind in ("ciphers", "macs")]
    if ",".join(lists[2]) == CONCH["ciphers"]:
        return "Twisted Conch"
    return "Paramiko" if [",".join(lists[2]), ",".join(lists[4])] == preferred else ""


def padding_of_kexinit(target):
    """Cowrie's own remark on its sendPacket (src/cowrie/ssh/transport.py): before the keys, OpenSSH pads with zeros."""
    return "random padding" if "OpenSSH" in first_line(target.port) and any(proposal(target.port)[2]) else ""


def cookie_again(target):
    """RFC 4253 section 7.1: the cookie is random; what is recorded and played back has one."""
    one, other = proposal(target.port)[0], proposal(target.port)[0]
    return one.hex() if one == other or not any(one) else ""


def old_host_keys(target):
    """Kippo and early Cowrie (https://github.com/cowrie/cowrie): only ssh-rsa and ssh-dss, whatever version they show."""
    version = re.search(r"OpenSSH_(\d+)", first_line(target.port))
    keys = proposal(target.port)[1][1]
    return ",".join(keys) if version and int(version[1]) >= 6 and "ssh-ed25519" not in keys else ""


# With log-ins.


def source():
    """An address that the server has not seen."""
    number = next(SOURCES)
    return f"127.77.{number // 250}.{number % 250 + 1}"


def transport(port, address=None):
    made = paramiko.Transport(connect(port, address or source()))
    made.start_client(timeout=SECONDS)
    return made


def is_let_in(port, pair, address=None):
    """Whether a pair opens the door, and the seconds to the answer."""
    with contextlib.closing(transport(port, address)) as client:
        began = time.monotonic()
        try:
            client.auth_password(*pair)
        except paramiko.AuthenticationException:
            return False, time.monotonic() - began
        return True, time.monotonic() - began


@contextlib.contextmanager
def logged_in(target):
    with contextlib.closing(transport(target.port)) as client:
        client.auth_password(*target.pair)
        yield client


def run(client, command):
    channel = client.open_session(timeout=SECONDS)
    channel.settimeout(SECONDS)
    channel.exec_command(command)
    heard = channel.makefile("rb").read()
    return heard.decode(errors="replace"), channel.recv_exit_status()


def any_password(target):
    """sshesame's README (https://github.com/jaksi/sshesame) and Heralding: a password that nobody could have set opens the door."""
    pair = ("root", secrets.token_hex(12))
    return ":".join(pair) if is_let_in(target.port, pair)[0] else ""


def default_users(target):
    """Cowrie's userdb.example (https://github.com/cowrie/cowrie/blob/master/etc/userdb.example) and PotSnitch's list of its pairs."""
    address = source()
    pairs = [("phil", "phil"), ("richard", "richard")]  # few: a guess more may be let in by chance
    return next((":".join(pair) for pair in pairs if is_let_in(target.port, pair, address)[0]), "")


def refused_then_accepted(target):
    """Cowrie's AuthRandom (https://github.com/cowrie/cowrie/blob/master/src/cowrie/core/auth.py): a pair is refused, and later it is not."""
    pair, address = ("root", "Passw0rd"), source()
    answers = [is_let_in(target.port, pair, address)[0] for _ in range(4)]
    return str(answers) if len(set(answers)) > 1 else ""


def refused_at_once(target):
    """kippo-scan (https://starlog.pages.dev/articles/developer-tools/danmcinerney-kippo-scan): PAM and Dropbear let the client wait."""
    accepted, seconds = is_let_in(target.port, ("root", secrets.token_hex(12)))
    return f"{1000 * seconds:.0f} ms" if not accepted and seconds < 0.15 else ""


def honest_banner(target):
    """sshesame.yaml (https://github.com/jaksi/sshesame): the banner before the log-in says what it is."""
    with logged_in(target) as client:
        banner = client.get_banner()
    return banner.decode() if banner and b"honeypot" in banner.lower() else ""


def default_machine(target):
    """PotSnitch, ZHtrap (https://github.com/cowrie/cowrie/issues/1512) and TSM (issues/726): names and devices of Cowrie's file system."""
    with logged_in(target) as client:
        told = "".join(run(client, look)[0] for look in LOOKS)
    return ", ".join(word for word in MACHINE if word in told)


def unknown_command_succeeds(target):
    """https://github.com/mizuna-honeypot/Cowrie_Detector: a command that no machine has ends with success."""
    with logged_in(target) as client:
        return "status 0" if run(client, f"x{secrets.token_hex(8)}")[1] == 0 else ""


def no_sftp(target):
    """An OpenSSH that turns the subsystem away, which its own configuration has (sshd_config(5), Subsystem)."""
    if "OpenSSH" not in first_line(target.port):
        return ""
    with logged_in(target) as client:
        try:
            client.open_sftp_client().close()
        except (paramiko.SSHException, EOFError):
            return "no sftp"
    return ""


def another_machine(target):
    """A second visit finds another machine, which no server is: https://github.com/darrenmartyn/misc_utils (honeycheck_rw_ssh.py) compares two."""
    seen = set()
    for _ in range(2):
        with logged_in(target) as client:
            seen.add((client.get_remote_server_key().asbytes(), run(client, "hostname")[0], run(client, "cat /etc/passwd")[0]))
    return f"{len(seen)} machines" if len(seen) > 1 else ""


def shared_host_key(target):
    """Installations of one image have one host key: https://github.com/cowrie/cowrie/blob/master/docs and T-Pot's containers."""
    keys = []
    for port in (target.port, target.other):
        with contextlib.closing(transport(port)) as client:
            keys.append(client.get_remote_server_key().asbytes())
    return "the same key" if keys[0] == keys[1] else ""


def tunnels_into_nothing(target):
    """https://github.com/cowrie/cowrie/issues/719: direct-tcpip opens whatever is asked for, names that nobody can have too (RFC 6761), and ports at which nothing listens."""
    opened = []
    with logged_in(target) as client:
        for where in ((f"{secrets.token_hex(6)}.invalid", 80), ("127.0.0.1", 1)):
            with contextlib.suppress(paramiko.ChannelException):
                client.open_channel("direct-tcpip", where, ("127.0.0.1", 40000), timeout=SECONDS)
                opened.append(f"{where[0]}:{where[1]}")
    return ", ".join(opened)
