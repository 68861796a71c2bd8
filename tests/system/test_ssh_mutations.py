"""Thousands of sessions that go wrong somewhere: Debian's sshd and the persona of it answer them alike."""

import concurrent.futures
import os

from real_ssh import PASSWORD, USER
from ssh_mutations import answer, mutation
from ssh_wire import connect
from test_ssh_differential import ports  # noqa: F401  (a fixture)

SEEDS = range(5_000) if os.environ.get("NOROSHI_LONG") else range(60)
AT_ONCE = 96  # most of a session's time is waiting
QUIET = (1.2, 3, 6)  # seconds without a byte: then the server waits for more. Longer where an answer is asked for again
LEAST_ALIKE = 0.99


def ask(port, seed, patience):
    try:
        return answer(port, mutation(seed, USER, PASSWORD), connect, patience)
    except (OSError, EOFError, AssertionError) as broken:
        return [f"no handshake: {broken!r}"]


def both(ports, seeds, patience, at_once):
    """The answers of both servers, side by side so that a busy machine is busy for both."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        asked = {seed: [pool.submit(ask, port, seed, patience) for port in ports] for seed in seeds}
        return {seed: [future.result() for future in futures] for seed, futures in asked.items()}


def differing(ports, seeds):
    """Those that are answered unlike each other each time they are asked, with both answers."""
    found = {}
    for patience, at_once in zip(QUIET, (AT_ONCE, 24, 12)):
        found = {seed: answers for seed, answers in both(ports, seeds, patience, at_once).items() if answers[0] != answers[1]}
        seeds = list(found)
    return found


def test_a_seed_makes_the_same_session_each_time():
    for seed in range(300):
        assert mutation(seed, USER, PASSWORD) == mutation(seed, USER, PASSWORD)
    assert len({repr(mutation(seed, USER, PASSWORD)) for seed in range(300)}) > 280


def test_sessions_that_go_wrong_are_answered_as_the_real_server_answers_them(ports):  # noqa: F811
    found = differing(ports, SEEDS)
    for seed, (real, ours) in found.items():
        print(f"seed {seed}: {mutation(seed, USER, PASSWORD).description()[:600]}\n  real {real}\n  ours {ours}")
    alike = 1 - len(found) / len(SEEDS)
    print(f"{100 * alike:.2f} % of {len(SEEDS)} sessions are answered alike")
    assert alike >= LEAST_ALIKE
