"""The manual and the completions: they name all that --help names, and the shells and readers they are for take them."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from noroshi import PATIENCE, PROGRAM

GLOBAL = {"--data", "--config", "--set", "--lang", "--help", "--version"}


def told(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


def listed(text):
    """Names of subcommands in what --help says."""
    section = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.MULTILINE)
    return re.findall(r"^  ([a-z][a-z-]*)\s", section[1], re.MULTILINE) if section else []


def options(text):
    """Long options of the list in what --help says, not of its examples."""
    section = text.partition("\nOptions:\n")[2].partition("\nSubcommands:")[0]
    return set(re.findall(r"(?:^  |,)(--[a-z][a-z-]*)", section, re.MULTILINE))


def known():
    """Each command with its options, those of nested ones too, and names of nested ones: all from --help."""
    commands = {}
    for name in listed(told("--help")):
        text = told(name, "--help")
        nested = listed(text)
        commands[name] = (options(text).union(*(options(told(name, each, "--help")) for each in nested)), nested)
    return commands


@pytest.fixture(scope="module")
def commands():
    found = known()
    assert len(found) > 20 and "--since" in found["sensors"][0] and "enrol" in found["sensors"][1]
    return found


def needs(program):
    if not shutil.which(program):
        pytest.skip(f"NOT SHOWN: {program} is not installed")


def test_the_manual_names_every_command_and_option(commands):
    page = told("manual").replace("\\-", "-")
    for name, (options_, nested) in commands.items():
        assert f".SS {name}\n" in page, name
        section = page.partition(f".SS {name}\n")[2].partition("\n.SS ")[0]
        for option in options_ - {"--help"}:
            assert re.search(rf"^\.B .*{option}\b", section, re.MULTILINE), (name, option)
        for each in nested:
            assert re.search(rf"\b{each}\b", section), (name, each)
    for key in ("sense.listen", "api.listen", "observations.retention"):
        assert f".B {key}\n" in page, key


def test_readers_of_manuals_take_it_without_a_warning(tmp_path):
    page = tmp_path / "noroshi.1"
    page.write_text(told("manual"))
    needs("mandoc")
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True).stdout
    assert [line for line in lint.splitlines() if "missing date" not in line] == []
    if shutil.which("groff"):
        shown = subprocess.run(["groff", "-man", "-ww", "-K", "utf8", "-T", "utf8", page], capture_output=True, text=True)
        assert shown.returncode == 0 and shown.stderr == ""


def complete(script, line):
    """What bash offers for the last word of a line."""
    words = line.split(" ")
    drive = f'source {script}\nCOMP_WORDS=({" ".join(repr(word) for word in words)})\nCOMP_CWORD={len(words) - 1}\n_noroshi\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-c", drive], capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=pathlib.Path(script).parent)
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def test_bash_completes_commands_options_and_files(commands, tmp_path):
    script = tmp_path / "noroshi.bash"
    script.write_text(told("completion", "bash"))
    (tmp_path / "a file.log").touch()
    (tmp_path / "folder").mkdir()
    assert complete(script, "noroshi ") == set(commands) | GLOBAL
    assert complete(script, "noroshi sta") == {"status"}
    assert complete(script, "noroshi --data /tmp --set a=b sensors en") == {"enrol"}
    assert complete(script, "noroshi --data fol") == {"folder"}
    assert complete(script, "noroshi import a") == {"a file.log"}
    for name, (options_, nested) in commands.items():
        assert complete(script, f"noroshi {name} --") == options_, name
        assert complete(script, f"noroshi {name} ") == options_ | set(nested), name


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_theirs_and_it_names_everything(commands, tmp_path, shell):
    script = told("completion", shell)
    for name, (options_, nested) in commands.items():
        own = [line for line in script.splitlines() if re.search(rf"\b{name}\b", line)]
        for word in [*nested, *(option if shell == "zsh" else f"-l {option[2:]}" for option in options_)]:
            assert any(word in line for line in own), (name, word)
    needs(shell)
    path = tmp_path / "script"
    path.write_text(script)
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0 and done.stderr == ""


def test_fish_completes(tmp_path):
    needs("fish")
    path = tmp_path / "noroshi.fish"
    path.write_text(told("completion", "fish"))
    ask = f"source {path}; complete -C 'noroshi sensors enr'; complete -C 'noroshi sta'"
    done = subprocess.run(["fish", "--no-config", "-c", ask], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["enrol", "status"], done.stdout + done.stderr


def test_zsh_completes(commands, tmp_path):
    """Its completion system needs a terminal; what the script asks of it is taken down instead."""
    needs("zsh")
    path = tmp_path / "_noroshi"
    path.write_text(told("completion", "zsh"))
    stand_ins = 'compadd() { shift; print -l -- "$@" }; _describe() { print -l -- "${(P@)2}" }; _files() { print -- FILES }; run() { source "$script" }\n'

    def offered(*words):
        ask = f"{stand_ins}script={path}; words=({' '.join(words)} ''); CURRENT={len(words) + 1}; run"
        return set(subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.splitlines())

    assert {each.partition(":")[0] for each in offered("noroshi")} == set(commands)
    for name, (options_, nested) in commands.items():
        assert offered("noroshi", "--data", "/tmp", name) == options_ | set(nested) | {"FILES"}, name
