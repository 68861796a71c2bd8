"""The decoys child of the program as installed: what the kernel says of it."""

import os
import pathlib


def proc_status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_the_running_decoys_child_has_given_up_what_it_does_not_need(node):
    status = proc_status(node.decoys_pid())
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[capabilities], 16) == 0 or (capabilities == "CapBnd" and os.geteuid() != 0), capabilities
    if os.geteuid() == 0:
        assert "0" not in status["Uid"].split()
        assert "0" not in status["Gid"].split()
        assert status["Groups"].strip() == ""


def test_every_thread_of_the_child_is_confined(node):
    pid = node.decoys_pid()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        assert proc_status(f"{pid}/task/{task.name}")["Seccomp"] == "2"


def test_the_child_holds_no_file_but_its_spool(node):
    spool = str(node.data / "spool")
    for descriptor in pathlib.Path(f"/proc/{node.decoys_pid()}/fd").iterdir():
        target = os.readlink(descriptor)
        allowed = target.startswith((spool, "socket:", "anon_inode:", "pipe:", "/dev/null", str(node.log)))
        assert allowed, target


def test_status_names_every_protection_and_whether_it_is_active(node):
    protections = {each["name"]: each for each in node.status()["protections"]}
    assert protections["seccomp"]["active"]
    assert protections["no_new_privileges"]["active"]
    assert all(each["active"] or each["reason"] for each in protections.values())
