"""What the data can answer and what not, told before a search and after one that found nothing; and what values of one
question say about each other."""

import json
import subprocess

from noroshi import PATIENCE, Node, converse, wait_until

SAMPLE = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
CLOUD = "52.95.110.7"  # on the shipped list of Amazon's addresses
ABSENT = "0" * 63 + "1"


def post(node, path, body):
    done = subprocess.run(["curl", "-sf", "--unix-socket", node.data / "api.sock", "--json", json.dumps(body), f"http://node{path}"],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def fitness(node):
    return node.json("data", "fitness")[0]


def sentences(answer, name):
    return [each["sentence"] for each in answer[name]]


def test_a_new_node_says_that_nothing_can_match(tmp_path):
    node = Node(tmp_path).init()
    told = fitness(node)
    assert told["types"] == told["indicators"] == told["can"] == []
    assert [each["code"] for each in told["cannot"]] == ["cannot_indicators", "cannot_observations"]
    assert "No indicator is known" in node.run("data", "fitness")


def test_scan_sources_of_one_month_cannot_answer_for_hashes_and_search_says_so(node):
    addresses = [f"185.220.7.{last}" for last in range(1, 41)]
    post(node, "/api/v1/reports", {"title": "Scans", "role": "scanner", "seen": "2026-04-12T00:00:00Z", "values": addresses})
    told = fitness(node)
    assert told["types"] == [{"type": "ip", "indicators": 40}]
    holding = told["indicators"][0]
    assert (holding["role"], holding["indicators"], holding["first_seen"]) == ("scanner", 40, "2026-04-12T00:00:00.000000Z")
    assert any("scan sources of 2026-04 only: domains, URLs, mail addresses, file hashes cannot match here" in each for each in sentences(told, "cannot"))
    shown = node.run("data", "fitness")
    assert "scanner" in shown and "What it cannot" in shown and "Nothing was seen before 2026-04-12" in shown
    assert "スキャン元" in node.run("--lang", "ja", "data", "fitness")
    assert node.run("data", "fitness", "--format", "csv").startswith("TYPE,ROLE,INDICATORS")

    last = node.json("search", ABSENT, expect=1)[-1]["members"][0]
    assert last["cannot"] == ["sha256"] and "sha256" in last["reason"]
    assert "no value of it could match" in node.run("search", ABSENT, expect=1)
    could = node.json("search", "198.51.100.9", expect=1)[-1]["members"][0]
    assert could["cannot"] == [] and could["reason"] is None
    both = node.json("search", "185.220.7.1", ABSENT)[-1]["members"][0]
    assert both["cannot"] == ["sha256"] and both["reason"] is None


def test_observations_are_told_by_day_and_service(node):
    converse(node.port("telnet"), b"root\r\n", b"hunter2\r\n")
    wait_until(lambda: fitness(node)["observations"]["observations"] > 0, "an observation in the store")
    told = fitness(node)["observations"]
    assert told["days"] == 1 and told["first_day"] == told["last_day"] == told["services_since"]
    assert told["services"] == [{"service": "telnet", "visits": 1}]
    assert node.json("top", "opened", "service") == [{"value": "telnet", "count": 1}]


def test_readers_may_not_ask_for_it(node):
    node.run("users", "add", "paula", "--role", "reader")
    key = node.run("keys", "add", "paula").split()
    key = next(word for word in key if word.startswith("nrs_"))
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {key}",
                           f"http://127.0.0.1:{node.api_port()}/api/v1/fitness"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "403", done.stdout + done.stderr


def test_a_cloud_address_is_weak_alone_and_strong_with_the_sample_of_its_report(node):
    node.run("report", "add", "--title", "Loader", "--role", "c2", CLOUD, SAMPLE)
    (alone, _) = node.json("search", CLOUD)
    assessment = alone["hits"][0]["assessment"]
    assert (assessment["strength"], assessment["code"], assessment["corroborated_by"]) == ("weak", "shared_cloud", [])
    address, sample, _ = node.json("search", CLOUD, SAMPLE)
    assessment = address["hits"][0]["assessment"]
    assert (assessment["strength"], assessment["code"]) == ("strong", "corroborated_shared")
    assert assessment["corroborated_by"] == [SAMPLE] and "Loader" in assessment["sentence"] and "cloud" in assessment["shared"]
    assert sample["hits"][0]["assessment"]["corroborated_by"] == [CLOUD]


def test_a_dynamic_name_is_told_as_one(node):
    node.run("report", "add", "--title", "Names", "kwz81.duckdns.org", "ns1.sedoparking.com")
    dynamic, parked, _ = node.json("search", "kwz81.duckdns.org", "ns1.sedoparking.com")
    assert dynamic["hits"][0]["assessment"]["shared"] == ["dynamic_dns"]
    assert parked["hits"][0]["assessment"]["code"] == "shared_parking"
