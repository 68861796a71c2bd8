#!/usr/bin/env python3
"""bench/backup.py [LINES]: how fast a running node is backed up and restored, beside cp of the same folder. Needs build/noroshi.

Prints the figures of docs/measurements/package.md; LINES (default 200000) of a generated OpenCanary log are imported first."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("NOROSHI_PROGRAM", str(here / "build/noroshi"))
sys.path.insert(0, str(here / "tests/system"))

import honeypot_logs  # noqa: E402: after the path is set
from noroshi import Node, wait_until  # noqa: E402


def timed(*words):
    began = time.monotonic()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, timeout=1200)
    return time.monotonic() - began


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="noroshi-backup-"))
    lines, expected = honeypot_logs.opencanary(count)
    (folder / "log").write_text("".join(line + "\n" for line in lines))
    with Node(folder) as node:
        timed(*node.command("import", folder / "log"))
        stored = lambda: sum(each["observations"] for each in node.json("sensors") if "/" in each["name"])  # noqa: E731
        wait_until(lambda: stored() == expected.observations, "the stores have everything", 1200)
        backup = timed(*node.command("backup", folder / "backup"))
        copied = timed("cp", "-a", node.data, folder / "cp") + timed("sync", "-f", folder)
    size = sum(path.stat().st_size for path in (folder / "backup").rglob("*") if path.is_file()) / 1e6
    again = Node(folder / "again")
    again.folder.mkdir()
    restore = timed(*again.command("restore", folder / "backup"))
    print(f"{expected.observations} observations, a backup of {size:.0f} MB")
    for name, seconds in (("backup", backup), ("restore", restore), ("peer: cp -a and sync", copied)):
        print(f"  {name:<22} {seconds:6.1f} s   {size / seconds:6.1f} MB/s   {expected.observations / seconds:9.0f} observations/s")
    shutil.rmtree(folder)


main()
