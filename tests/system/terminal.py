"""A real client in a pseudo-terminal: type and expect."""

import os
import pty
import select
import signal
import time


class Terminal:
    def __init__(self, *words, patience=20):
        self.patience = patience
        self.screen = b""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(words[0], words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def expect(self, text):
        """Reads until `text` has appeared, and returns what came up to its end."""
        wanted = text.encode()
        end = time.monotonic() + self.patience
        while wanted not in self.screen:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {text!r} within {self.patience} s; the screen has {self.screen!r}"
            try:
                more = os.read(self.descriptor, 4096)
            except OSError:
                more = b""
            assert more, f"the client ended before {text!r}; the screen has {self.screen!r}"
            self.screen += more
        seen, self.screen = self.screen.split(wanted, 1)
        return (seen + wanted).decode(errors="replace")
