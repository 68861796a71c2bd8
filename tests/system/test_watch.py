"""noroshi watch: standing questions over the real program, from a visitor's first byte to a follower's screen and a webhook."""

import datetime
import fcntl
import hashlib
import hmac
import http.server
import json
import pathlib
import queue
import socket
import subprocess
import threading

import pytest

from noroshi import PATIENCE, Node, wait_until

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
YESTERDAY = ["env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=-1d", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DISABLE_SHM=1"]


def answers(node, *options):
    return node.json("watch", "--once", *options)


class Follower:
    """`noroshi watch --format json` beside the test; its lines come one by one."""

    def __init__(self, node, *options):
        self.process = subprocess.Popen(node.command("watch", "--format", "json", *options), stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(json.loads(line)) for line in self.process.stdout], daemon=True).start()

    def next(self):
        return self.lines.get(timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE)


class Silent:
    """A webhook's receiver that takes connections and never says a word."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.socket.close()


class Receiver:
    """A webhook's receiver: answers with the statuses given, the last one for ever, and keeps what came."""

    def __init__(self, *statuses):
        receiver = self
        receiver.statuses = list(statuses)
        receiver.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_a_watched_visitor_is_told_to_who_follows_as_it_comes(node):
    node.run("watch", "add", "127.0.0.0/8", "names.example.com", "--new-only", "--note", "the test")
    with Follower(node) as follower:
        node.visit_http("/first")
        answer = follower.next()
        assert (answer["answer"], answer["value"], answer["found"]) == ("seen", "127.0.0.0/8", "127.0.0.1"), answer
        assert answer["match"] == "range" and answer["sensors"] == ["home"] and answer["note"] == "the test", answer
        assert "127.0.0.1" in answer["sentence"] and "home" in answer["sentence"], answer
        node.run("report", "add", "--title", "t", "--role", "c2", "example.com")
        known = follower.next()
        assert (known["answer"], known["value"], known["found"], known["role"]) == ("known", "names.example.com", "example.com", "c2"), known
        assert known["id"] > answer["id"] and known["source"] == "analyst/admin", known
    assert [each["id"] for each in answers(node)] == [answer["id"], known["id"]]
    assert [each["id"] for each in answers(node, "--after", answer["id"])] == [known["id"]]
    assert "観測" in node.run("--lang", "ja", "watch", "--once")
    assert "the test" in node.run("watch", "list")
    shown = node.run("watch", "show", answer["watch"])
    assert "127.0.0.0/8" in shown and "names.example.com" in shown
    node.run("watch", "remove", answer["watch"])
    assert answers(node) == []


def test_a_follower_goes_on_where_it_was_when_its_node_is_killed(node):
    node.run("watch", "add", "127.0.0.1", "--new-only")
    with Follower(node) as follower:
        node.visit_http("/before")
        first = follower.next()
        node.kill()
        node.start()
        node.run("report", "add", "--title", "t", "127.0.0.1")
        second = follower.next()
        assert (second["answer"], second["id"]) == ("known", first["id"] + 1), second
    assert len(answers(node)) == 2


def test_a_flood_from_one_watch_is_one_answer(node):
    node.run("watch", "add", "127.0.0.1", "--new-only")
    for number in range(20):
        node.visit_http(f"/{number}")
    node.wait_for_observations(60)
    assert len(answers(node)) == 1


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
def test_a_past_day_answers_a_new_watch_and_a_new_indicator(tmp_path):
    node = Node(tmp_path)
    node.start(YESTERDAY)
    node.visit_http("/yesterday")
    node.wait_for_observations(2)
    node.stop()
    with node:
        wait_until(lambda: any(day["closed"] for day in node.json("days")), "yesterday is closed")
        node.run("watch", "add", "127.0.0.1", "192.0.2.77")
        past = wait_until(lambda: answers(node, "--watch", 2), "the past answers")
        past = [each for each in past if each["answer"] == "past"]
        assert len(past) == 1 and past[0]["value"] == "127.0.0.1" and past[0]["count"] >= 2, past
        assert past[0]["sensors"] == ["home"] and past[0]["first_seen"] <= past[0]["last_seen"], past
        # The visitor's own host header names it; nobody has said anything of 127.0.0.1 in a report so far, but the decoys have.
        node.run("report", "add", "--title", "t", "http://127.0.0.1/unseen")
        node.run("watch", "add", "127.0.0.1", "--new-only", "--note", "not asked")
        listed = {each["note"]: each for each in node.json("watch", "list")}
        wait_until(lambda: not any(each["hunting"] for each in node.json("watch", "list")), "hunts are through")
        assert listed["not asked"]["answers"] == 0, listed


def test_a_webhook_gets_each_answer_signed_and_is_tried_again(tmp_path):
    with Receiver(500, 200) as receiver, Node(tmp_path, [f"watch.webhook_allow=127.0.0.1:{receiver.port}"]) as node:
        added = node.json("watch", "add", "127.0.0.1", "--new-only", "--webhook", f"http://127.0.0.1:{receiver.port}/hook?x=1")[0]
        node.visit_http("/x")
        wait_until(lambda: len(receiver.requests) >= 2, "the webhook is called, and again after a failure")
        (path, first, _), (_, headers, body) = receiver.requests[:2]
        assert path == "/hook?x=1"
        assert first["noroshi-delivery"] == headers["noroshi-delivery"], "the same delivery, told by its id"
        stamp, signature = (part.split("=")[1] for part in headers["noroshi-signature"].split(","))
        expected = hmac.new(bytes.fromhex(added["webhook_secret"]), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(signature, expected)
        told = json.loads(body)
        assert told["delivery"] == headers["noroshi-delivery"] and told["watch"] == added["id"]
        assert [each["found"] for each in told["answers"]] == ["127.0.0.1"]
        wait_until(lambda: node.json("watch", "show", added["id"])[0]["watch"]["webhook"]["failures"] == 0, "delivered")
        assert node.json("watch", "show", added["id"])[0]["watch"]["webhook"]["delivered"] == told["answers"][0]["id"]


def test_a_webhook_follows_no_redirect_and_reaches_nothing_inside(tmp_path):
    with Receiver(302) as receiver, Node(tmp_path, [f"watch.webhook_allow=127.0.0.1:{receiver.port}"]) as node:
        added = node.json("watch", "add", "127.0.0.1", "--new-only", "--webhook", f"http://127.0.0.1:{receiver.port}/hook")[0]
        node.visit_http("/x")
        trouble = wait_until(lambda: node.json("watch", "show", added["id"])[0]["watch"]["webhook"]["trouble"], "it is noted")
        assert "302" in trouble and "redirect" in trouble, trouble
        assert {path for path, _, _ in receiver.requests} == {"/hook"}
        api = node.api_port()
        for url in (f"http://127.0.0.1:{api}/", f"https://127.0.0.1:{api}/", "https://[::1]/", "https://10.0.0.1/",
                    "http://hooks.example.com/", "https://169.254.169.254/latest", "https://user@example.com/", "ftp://example.com/"):
            said = node.run("watch", "add", "192.0.2.1", "--webhook", url, expect=2)
            assert "webhook" in said or "URL" in said, said
        # A name is checked when it is resolved, each time.
        hidden = node.json("watch", "add", "127.0.0.1", "--webhook", f"https://localhost:{api}/")[0]
        trouble = wait_until(lambda: node.json("watch", "show", hidden["id"])[0]["watch"]["webhook"]["trouble"], "it is refused")
        assert "no address that may be called" in trouble, trouble


def test_receivers_that_never_answer_hold_up_neither_other_webhooks_nor_hunts_nor_the_end(tmp_path):
    with Silent() as silent, Receiver(200) as receiver:
        with Node(tmp_path, [f"watch.webhook_allow=127.0.0.1:{silent.port},127.0.0.1:{receiver.port}"]) as node:
            for number in range(12):
                node.run("watch", "add", "127.0.0.1", "--new-only", "--webhook", f"http://127.0.0.1:{silent.port}/{number}")
            node.visit_http("/x")
            wait_until(lambda: len(answers(node)) >= 12, "each has something to post")
            node.run("watch", "add", "127.0.0.1", "--new-only", "--webhook", f"http://127.0.0.1:{receiver.port}/good")
            node.visit_http("/y")
            wait_until(lambda: receiver.requests, "the one that answers is called meanwhile", patience=20)
            node.run("watch", "add", "192.0.2.77")
            wait_until(lambda: not any(each["hunting"] for each in node.json("watch", "list")), "hunts go on", patience=20)


def test_a_command_waits_for_who_has_the_data_directory_and_says_so(tmp_path):
    node = Node(tmp_path).init()
    with open(node.data / "noroshi.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asking = subprocess.Popen(node.command("watch", "list"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "waiting" in asking.stderr.readline()
    out, said = asking.communicate(timeout=PATIENCE)
    assert asking.returncode == 0 and "every new indicator" in out, said


@pytest.mark.parametrize("value, why", [("0.0.0.0/0", "nearly everything"), ("::/0", "nearly everything"), ("co.jp", "public suffix"),
                                        ("github.io", "public suffix"), ("no such thing!", "cannot be watched")])
def test_a_question_that_everything_answers_is_refused_with_its_reason(node, value, why):
    said = node.run("watch", "add", value, "8.8.8.8", expect=2)
    assert why in said and value in said, said
    assert [each["about"] for each in node.json("watch", "list")] == ["indicators"], "nothing was stored"


def test_wrong_words_are_told_and_a_duration_ends_a_watch(tmp_path):
    node = Node(tmp_path).init()
    for words in (("show", "99"), ("remove", "99")):
        assert "there is no watch 99" in node.run("watch", *words, expect=2)
    for words in (("watch", "show"), ("report", "withdraw"), ("keys", "revoke")):
        said = node.run(*words, "abc", expect=2)
        assert "shows, not \"abc\"" in said and "convert" not in said, said
    assert "30d or 12h" in node.run("watch", "add", "192.0.2.1", "--until", "soon", expect=2)
    assert "30d or 12h" in node.run("watch", "add", "192.0.2.1", "--until", "0d", expect=2)
    until = node.json("watch", "add", "192.0.2.1", "--until", "30d")[0]["until"]
    left = datetime.datetime.fromisoformat(until.replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=29) < left <= datetime.timedelta(days=30), until


def test_the_help_of_a_command_within_a_command_is_its_own(tmp_path):
    help_text = Node(tmp_path).run("watch", "add", "--help")
    assert "--webhook" in help_text and "watch add -f FILE" in help_text, help_text
    assert "watch remove" not in help_text and "--help` lists" not in help_text, help_text


def test_a_watch_without_a_node_is_asked_against_what_is_there(tmp_path):
    node = Node(tmp_path).init()
    node.run("report", "add", "--title", "t", "--role", "phishing", "shop.example.com")
    node.run("watch", "add", "shop.example.com")
    assert [each["answer"] for each in answers(node)] == ["known"]
    done = subprocess.run(node.command("watch"), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and "No node runs" in done.stderr, done
