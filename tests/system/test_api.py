"""The HTTP API as its document describes it, asked by tools that were written without knowing us."""

import http.client
import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from noroshi import Node, wait_until

TOOLS = pathlib.Path(sys.executable).parent


def api_of(node):
    return f"http://127.0.0.1:{node.api_port()}"


def key_for(node, name, role):
    node.run("users", "add", name, "--role", role)
    return node.json("keys", "add", name)[0]["key"]


def document_of(node):
    with urllib.request.urlopen(api_of(node) + "/api/v1/openapi.json", timeout=20) as answer:
        return json.load(answer)


def test_the_document_is_valid_openapi(node):
    document = document_of(node)
    validate(document, cls=OpenAPIV31SpecValidator)
    assert len(document["paths"]) > 15


@pytest.mark.parametrize("role", ["admin", "reader"])
def test_schemathesis_finds_no_server_error_and_no_breach_of_the_schema(node, role, tmp_path):
    """Generated requests, good and bad, to every operation; what comes back is held against the document."""
    node.visit_http("/before")
    node.wait_for_observations(3)
    key = key_for(node, "tester", role)
    # What never ends is not asked here, nor what would end the run: the tester's own key and user.
    done = subprocess.run(
        [TOOLS / "schemathesis", "run", api_of(node) + "/api/v1/openapi.json", "--header", f"Authorization: Bearer {key}",
         "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
         "--exclude-path", "/api/v1/observations/stream", "--exclude-path", "/api/v1/watches/answers", "--exclude-path-regex", ".*/(disable|revoke)$",
         "--max-examples", "30", "--seed", "20261122", "--generation-database", "none", "--workers", "2",
         "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--no-color"],
        capture_output=True, text=True, timeout=420, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert node.process.poll() is None


class Follower:
    """Reads server-sent events as a browser would."""

    def __init__(self, node, key, last=None, **query):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.api_port(), timeout=60)
        headers = {"Authorization": f"Bearer {key}"} | ({"Last-Event-ID": last} if last else {})
        parameters = "&".join(f"{name}={value}" for name, value in query.items())
        self.connection.request("GET", "/api/v1/observations/stream?" + parameters, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.getheader("Content-Type") == "text/event-stream"

    def events(self):
        event = {}
        for line in self.answer:
            line = line.decode().rstrip("\n")
            if not line and "event" in event:
                yield event
                event = {}
            elif ": " in line:
                name, value = line.split(": ", 1)
                event[name] = value


def test_a_stream_shows_visits_as_they_come_and_goes_on_where_it_was_cut(node):
    key = key_for(node, "follower", "reader")
    follower = Follower(node, key, kind="request")
    node.visit_http("/first")
    events = follower.events()
    first = next(events)
    assert json.loads(first["data"])["path"] == "/first"
    follower.connection.close()
    node.visit_http("/while-away")
    node.visit_http("/also-while-away")
    again = Follower(node, key, last=first["id"], kind="request").events()
    # Two event loops hand in what they saw: the order is that of the node's intake.
    assert {json.loads(next(again)["data"])["path"] for _ in range(2)} == {"/while-away", "/also-while-away"}


def test_a_slow_reader_is_cut_off_and_gets_the_rest_when_it_comes_back(tmp_path):
    with Node(tmp_path, settings=["api.stream_stall=300ms"]) as node:
        key = key_for(node, "follower", "reader")
        slow = Follower(node, key, kind="request")
        asked = [f"/{number}-{'x' * 4000}" for number in range(1500)]

        def visit(paths):
            for start in range(0, len(paths), 100):  # a visit may note two megabytes
                connection = http.client.HTTPConnection("127.0.0.1", node.port("http"), timeout=30)
                for path in paths[start : start + 100]:
                    connection.request("GET", path)
                    connection.getresponse().read()
                connection.close()

        visitors = [threading.Thread(target=visit, args=(asked[part::3],)) for part in range(3)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        node.wait_for_observations(len(asked))
        # It has taken nothing meanwhile. The node cuts it off once kernel and stream hold all they may.
        wait_until(lambda: node.metric("noroshi_live_cut_off_total") >= 1, "the slow reader is cut off")
        seen, last = [], None
        try:
            for event in slow.events():
                seen.append(json.loads(event["data"])["path"])
                last = event["id"]
        except (http.client.IncompleteRead, ConnectionError):
            pass
        assert len(seen) < len(asked)
        back = Follower(node, key, last=last, kind="request").events()
        deadline = time.monotonic() + 60
        while len(seen) < len(asked):
            assert time.monotonic() < deadline, f"{len(seen)} of {len(asked)} came"
            event = next(back)
            assert event["event"] == "observation", event
            seen.append(json.loads(event["data"])["path"])
        assert sorted(seen) == sorted(asked)


def test_a_stranger_gets_problem_details(node):
    request = urllib.request.Request(api_of(node) + "/api/v1/audit")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    problem = json.load(refused.value)
    assert refused.value.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == 401 and problem["type"] == "about:blank" and problem["detail"]
