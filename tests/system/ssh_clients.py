"""OpenSSH's clients with a password, for every test that visits the ssh decoy."""

import os
import subprocess


class SshClients:
    """Runs ssh, scp and sftp as root; keeps what they need in `folder`."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.asker = folder / "askpass"
        self.asker.write_text('#!/bin/sh\necho "$ASKED_PASSWORD"\n')
        self.asker.chmod(0o700)

    def environment(self, password="root"):
        return {**os.environ, "SSH_ASKPASS": str(self.asker), "SSH_ASKPASS_REQUIRE": "force", "ASKED_PASSWORD": password}

    def flags(self, *options):
        fixed = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder}/known", "LogLevel=ERROR", "PubkeyAuthentication=no"]
        return ["-F", "none", *(word for option in (*fixed, *options) for word in ("-o", option))]

    def ssh(self, *words, options=(), password="root", stdin="", port=None, program="ssh"):
        """Gives ssh's end; its output is text, or bytes where `stdin` is."""
        command = [program, *self.flags(*options), "-p", str(port or self.port), "root@127.0.0.1", *words]
        return self.run(command, password=password, stdin=stdin)

    def run(self, command, *, password="root", stdin=""):
        environment, text = self.environment(password), isinstance(stdin, str)
        return subprocess.run(command, capture_output=True, text=text, timeout=60, input=stdin, env=environment, check=False)
