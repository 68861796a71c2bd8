"""Sensors elsewhere: joining with a one-time code, reporting through a bad line, configuration, revocation."""

import collections
import datetime
import http.client
import pathlib
import socket
import ssl
import subprocess
import urllib.parse

import pytest

from noroshi import Node, wait_until
from remote import RemoteSensor, Relay, enrol, peer_address, sensor


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def requests_stored(node):
    top = node.json("top", "request", "path", "--limit", "1000000")
    return collections.Counter({each["value"]: each["count"] for each in top})


@pytest.fixture
def sensors(tmp_path):
    """Makes sensors and relays, and ends them."""
    made = []

    def make(kind, *words, **options):
        made.append(kind(*words, **options))
        return made[-1]

    yield make
    for each in made:
        each.end() if isinstance(each, RemoteSensor) else each.close()


def test_a_sensor_joins_once_reports_and_is_put_out(node, tmp_path, sensors):
    code = enrol(node, "rack")
    assert sensor(node, "rack")["state"] == "invited"
    rack = sensors(RemoteSensor, tmp_path / "rack", "rack").start(code)
    assert sensor(node, "rack")["state"] == "joined"
    ask(rack.port(), "/seen-elsewhere")
    wait_until(lambda: requests_stored(node)["/seen-elsewhere"] == 1, "the visit is at the node")
    assert sensor(node, "rack")["observations"] > 0

    # A later start needs no code, and the same code with the same machine is no harm.
    rack.stop()
    rack.start()
    ask(rack.port(), "/after-restart")
    wait_until(lambda: requests_stored(node)["/after-restart"] == 1, "the visit after a restart")

    # The key lies with the parent alone, for its owner's eyes; the code stands nowhere.
    identity = rack.data / "sensor" / "identity.pem"
    assert identity.stat().st_mode & 0o777 == 0o600
    kept = b"".join(each.read_bytes() for each in node.data.glob("catalogue.sqlite*"))
    assert code.encode() not in kept

    # A stolen code opens nothing, and says why; the attempt stands in the audit.
    thief = sensors(RemoteSensor, tmp_path / "thief", "thief").try_join(code)
    assert thief.returncode == 3 and "was used at" in thief.stderr and "revoke" in thief.stderr, thief.stderr
    audit = node.json("audit")
    assert any(each["action"] == "sensor.join.refused" and "127.0.0.1" in each["actor"] for each in audit)

    # Put out: the connection that is open now is of no more use, and what is seen stays in the spool.
    node.run("sensors", "revoke", "rack")
    ask(rack.port(), "/after-revocation")
    wait_until(lambda: "revoked" in rack.log.read_text(), "the sensor says that it was put out")
    assert rack.spooled()
    assert requests_stored(node)["/after-revocation"] == 0
    assert sensor(node, "rack")["state"] == "revoked"

    # Taken back with a new code, it hands in what it kept.
    rack.stop()
    rack.start(enrol(node, "rack"))
    wait_until(lambda: requests_stored(node)["/after-revocation"] == 1, "what waited in the spool")


def test_codes_that_expired_were_mistyped_or_lead_elsewhere_are_told_apart(node, tmp_path, sensors):
    late = enrol(node, "late", expires="1s")
    made = sensors(RemoteSensor, tmp_path / "a", "late")
    refused = wait_until(lambda: (lambda done: done if "expired" in done.stderr else None)(made.try_join(late)) if late_is_over(node) else None, "the code has expired")
    assert refused.returncode == 3

    code = enrol(node, "typed")
    wrong = code[:30] + ("a" if code[30] != "a" else "b") + code[31:]
    typed = made.try_join(wrong)
    assert typed.returncode == 2 and "typing error" in typed.stderr

    # Somebody else's node at the address of the code gets not even the secret.
    with Node(tmp_path / "other") as other:
        host, port = peer_address(other)
        misled = made.try_join(enrol(node, "misled", address=f"{host}:{port}"))
        assert misled.returncode == 3 and "another key" in misled.stderr
        assert not any(each["action"].startswith("sensor.join") for each in other.json("audit"))

    # A code that was replaced by a newer one is void.
    first = enrol(node, "twice")
    enrol(node, "twice")
    assert "not known here" in made.try_join(first).stderr


def late_is_over(node):
    import datetime

    entry = next(each for each in node.json("audit") if each["action"] == "sensor.enrol" and each["subject"] == "late")
    until = datetime.datetime.fromisoformat(entry["detail"].rsplit(" ", 1)[1].replace("Z", "+00:00"))
    return datetime.datetime.now(datetime.timezone.utc) > until


def test_the_peer_port_serves_nothing_of_the_api_and_the_api_nothing_of_the_peers(node, tmp_path):
    host, port = peer_address(node)
    key = tmp_path / "key.pem"
    subprocess.run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 2 -keyout {key} -out {key}.crt", shell=True, check=True, capture_output=True)

    def curl(*words):
        done = subprocess.run(["curl", "-sk", "--max-time", "20", *words], capture_output=True, text=True)
        return done.returncode, done.stdout

    own = ["--cert", f"{key}.crt", "--key", str(key)]
    base = f"https://{host}:{port}"
    assert '"status":404' in curl(*own, f"{base}/api/v1/status")[1]
    assert '"status":404' in curl(*own, f"{base}/metrics")[1]
    for path in ("batches", "health"):
        assert '"status":403' in curl(*own, "-X", "POST", f"{base}/peer/v1/{path}")[1]
    assert '"status":403' in curl(*own, f"{base}/peer/v1/configuration")[1]
    assert '"code":"denied"' in curl(*own, "-d", '{"secret":"00"}', f"{base}/peer/v1/enrol")[1]
    assert curl(f"{base}/peer/v1/configuration")[0] != 0, "without a certificate nobody is served"
    api = node.status()["api"][0]
    assert '"status":404' in curl("-X", "POST", f"{api}/peer/v1/enrol")[1]
    # Whoever tries again and again learns no more, and fills no audit.
    answers = [curl(*own, "-d", '{"secret":"00"}', f"{base}/peer/v1/enrol")[1] for _ in range(8)]
    assert all('"code":"denied"' in answer for answer in answers)
    assert sum(each["action"] == "sensor.join.refused" for each in node.json("audit")) == 5


def test_a_strangers_large_body_is_refused_before_it_is_sent(node, tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 2 -keyout {key} -out {key}.crt", shell=True, check=True, capture_output=True)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(f"{key}.crt", key)
    host, port = urllib.parse.urlsplit(node.status()["api"][0]).netloc.rsplit(":", 1)
    for address, path, wrap, status in ((peer_address(node), "/peer/v1/batches", context.wrap_socket, b"403"), ((host, int(port)), "/api/v1/batches", lambda plain: plain, b"401")):
        with socket.create_connection(address, timeout=20) as plain, wrap(plain) as line:
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50331648\r\n\r\n".encode())
            assert line.recv(100).split()[1] == status


def test_settings_and_personas_are_pushed_and_what_does_not_work_is_refused(node, tmp_path, sensors):
    rack = sensors(RemoteSensor, tmp_path / "rack", "rack", settings=["sense.hostname=own"])
    rack.settings = [each for each in rack.settings if not each.startswith("sense.listen")]
    node.run("sensors", "config", "--all", "--set", "sense.listen=any:127.0.0.1:0", "--set", "sense.space=dark")
    rack.settings.append("sense.listen=http@nginx:127.0.0.1:0")
    rack.start(enrol(node, "rack"))
    wait_until(lambda: sensor(node, "rack")["space"] == "dark", "the settings of all sensors are in use")
    rack.stop()
    rack.settings = [each for each in rack.settings if not each.startswith("sense.listen")]  # its own --set would win
    rack.start()
    wait_until(lambda: [each["decoy"] for each in (rack.status() or {"listeners": []})["listeners"]] == ["any"], "the node's listeners")

    personas = node.data / "packs" / "personas"
    personas.mkdir(parents=True)
    shipped = next(pathlib.Path(__file__).resolve().parents[2].glob("packs/personas/nginx.toml"))
    (personas / "tower.toml").write_text(shipped.read_text())
    node.run("sensors", "config", "rack", "--set", "sense.listen=http@tower:127.0.0.1:0", "--set", "sense.space=production")
    wait_until(lambda: [each["persona"] for each in (rack.status() or {"listeners": []})["listeners"]] == ["tower"], "the pushed persona is worn")
    wait_until(lambda: sensor(node, "rack")["space"] == "production", "the sensor's own setting outweighs that of all")
    ask(rack.port(), "/dressed")
    wait_until(lambda: requests_stored(node)["/dressed"] == 1, "the visit")

    node.run("sensors", "config", "rack", "--set", "sense.listen=http@nobody:127.0.0.1:0")
    refused = wait_until(lambda: (lambda one: one if one["configuration"]["trouble"] else None)(sensor(node, "rack")), "the refusal is seen at the node")
    assert "nobody" in refused["configuration"]["trouble"]
    assert refused["configuration"]["applied"] < refused["configuration"]["wanted"]
    ask(rack.port(), "/still-dressed")
    wait_until(lambda: requests_stored(node)["/still-dressed"] == 1, "the old configuration goes on")
    assert "nobody" in node.run("sensors")

    for setting, word in (("sense.user=root", "sense.user"), ("api.listen=0.0.0.0:1", "sense."), ("sense.max_sessions=many", "sense.max_sessions"), ("sense.nothing=1", "sense.nothing")):
        assert word in node.run("sensors", "config", "rack", "--set", setting, expect=3 if setting.startswith("sense.user") else 2)
    # The node's own sensor asks nobody for its configuration.
    assert "noroshi.toml" in node.run("sensors", "config", "home", "--set", "sense.hostname=x", expect=3)
    for words in (("enrol", "a b/../c"), ("revoke", "")):
        assert "sensor's name" in node.run("sensors", *words, expect=2)
    # What no configuration names any more is not kept.
    node.run("sensors", "config", "rack", "--set", "sense.listen=http@nginx:127.0.0.1:0")
    (personas / "tower.toml").unlink()
    wait_until(lambda: [each["persona"] for each in (rack.status() or {"listeners": []})["listeners"]] == ["nginx"], "the shipped persona is worn")
    wait_until(lambda: not list((rack.data / "sensor" / "packs").iterdir()), "the old packs are deleted")


def test_the_nodes_own_sensor_is_configured_in_its_file_and_nowhere_else(node):
    before = node.run("sensors", "config", "home")
    told = node.run("sensors", "config", "home", "--set", "sense.space=dark", expect=3)
    assert "noroshi.toml" in told and "sense.space" in told and "within seconds" not in told
    assert node.run("sensors", "config", "home") == before
    node.run("sensors", "config", "home", "--unset", "sense.space")


def test_three_sensors_report_all_through_cuts_delay_restarts(node, tmp_path, sensors):
    target = peer_address(node)
    lines = {name: sensors(Relay, target, delay) for name, delay in (("near", 0.0), ("far", 0.05), ("bad", 0.0))}
    posts = {name: sensors(RemoteSensor, tmp_path / name, name) for name in lines}
    for name, post in posts.items():
        post.start(enrol(node, name, address=lines[name].address))
    answered = []

    def visit(count, part):
        for number in range(count):
            for name, post in posts.items():
                path = f"/{name}-{part}-{number}"
                ask(post.port(), path)
                answered.append(path)

    visit(10, "first")
    lines["bad"].cut()
    visit(10, "cut")
    wait_until(lambda: posts["bad"].spooled(), "what is seen behind the cut is spooled")
    posts["far"].kill()
    posts["far"].start()
    lines["bad"].mend()
    visit(10, "mended")
    node.stop()
    visit(10, "alone")
    node.settings = [each for each in node.settings if not each.startswith("peer.listen")] + [f"peer.listen={target[0]}:{target[1]}"]
    node.start()
    posts["near"].stop()
    posts["near"].start()
    visit(10, "last")
    wait_until(lambda: not any(post.spooled() for post in posts.values()), "every spool is empty")
    wait_until(lambda: sum(requests_stored(node).values()) >= len(answered), "every visit is in the store")
    stored = requests_stored(node)
    assert [path for path in answered if stored[path] != 1] == []
    assert sum(stored.values()) == len(answered)
    by_name = {each["name"]: each for each in node.json("sensors")}
    profile = node.json("show", "ip", "127.0.0.1")[0]
    assert sum(by_name[name]["observations"] for name in posts) == profile["observations"]
    assert all(by_name[name]["drops"] == 0 for name in posts)


FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
def test_a_sensor_whose_clock_is_hours_off_is_shown_and_its_times_are_corrected(node, tmp_path, sensors):
    wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+5h", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}
    late = sensors(RemoteSensor, tmp_path / "late", "late", environment=wrong).start(enrol(node, "late"))
    before = datetime.datetime.now(datetime.timezone.utc)
    ask(late.port(), "/when")
    wait_until(lambda: requests_stored(node)["/when"] == 1, "the visit")
    wait_until(lambda: abs(sensor(node, "late")["clock_offset_s"] - 5 * 3600) < 30, "the clock's offset is shown")
    visit = node.json("show", "ip", "127.0.0.1")[0]["visits"][0]
    seen = datetime.datetime.fromisoformat(visit["first_seen"].replace("Z", "+00:00"))
    assert abs((seen - before).total_seconds()) < 60, visit
    session = node.json("show", "session", visit["session"])[0]
    assert all(abs(each["extra"]["clock_offset_s"] - 5 * 3600) < 30 for each in session["observations"]), session
    last_seen = datetime.datetime.fromisoformat(sensor(node, "late")["last_seen"].replace("Z", "+00:00"))
    assert abs((last_seen - before).total_seconds()) < 120, "by the node's clock"


def test_distrust_takes_back_what_came_since_and_nothing_else(node, tmp_path, sensors):
    good = sensors(RemoteSensor, tmp_path / "good", "good").start(enrol(node, "good"))
    bad = sensors(RemoteSensor, tmp_path / "bad", "bad").start(enrol(node, "bad"))

    def visit(post, count, part):
        for number in range(count):
            ask(post.port(), f"/{post.name}-{part}-{number}")
        wait_until(lambda: sum(count for path, count in requests_stored(node).items() if path.startswith(f"/{post.name}-{part}-")) == count, "the visits")

    def counts():
        return {hit["source"]: hit["count"] for hit in node.json("search", "127.0.0.1")[0]["hits"] if hit["attribute"] == "decoy/http"}

    visit(good, 3, "before")
    visit(bad, 4, "before")
    wait_until(lambda: counts() == {"sensor/good": 3, "sensor/bad": 4}, "both are believed")
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    visit(bad, 5, "after")
    visit(good, 2, "after")
    wait_until(lambda: counts() == {"sensor/good": 5, "sensor/bad": 9}, "both are believed")

    node.run("sensors", "distrust", "bad", "--since", moment, "--reason", "its host was broken into")
    wait_until(lambda: counts() == {"sensor/good": 5, "sensor/bad": 4}, "withdrawn within a minute", patience=60)
    assert sensor(node, "bad")["state"] == "distrusted"
    assert "broken into" in node.run("sensors")
    shown = node.json("show", "ip", "127.0.0.1")[0]
    assert [each["sensor"] for each in shown["distrusted"]] == ["bad"]
    assert any(each["distrusted"] for each in shown["visits"]) and not all(each["distrusted"] for each in shown["visits"])

    visit(bad, 6, "later")  # kept, without consequence
    assert counts() == {"sensor/good": 5, "sensor/bad": 4}
    node.run("sensors", "trust", "bad")
    visit(bad, 1, "again")
    wait_until(lambda: counts() == {"sensor/good": 5, "sensor/bad": 5}, "believed again, from now on")
    assert [each["action"] for each in node.json("audit") if each["subject"] == "bad"][:2] == ["sensor.trust", "sensor.distrust"]


def test_a_full_spool_drops_the_oldest_and_says_how_many(node, tmp_path, sensors):
    line = sensors(Relay, peer_address(node))
    full = sensors(RemoteSensor, tmp_path / "full", "full", settings=["sense.spool_cap=1MiB"]).start(enrol(node, "full", address=line.address))
    ask(full.port(), "/hello")
    each = 3  # observations of a visit: opened, request, closed
    wait_until(lambda: sensor(node, "full")["observations"] == each, "the line works")
    line.cut()
    written = 0
    padding = "x" * 3000
    while not full.status()["spool"]["dropped"]:
        for _ in range(20):
            ask(full.port(), f"/{written}-{padding}")
            written += 1
        assert written < 5000
    full.stop()  # seals all, and tells the last count
    line.mend()
    full.start()
    wait_until(lambda: not full.spooled(), "what was kept is handed in")
    frames = each * (written + 1)
    wait_until(lambda: sensor(node, "full")["observations"] + sensor(node, "full")["drops"] == frames, f"stored and dropped are {frames}")
    assert sensor(node, "full")["drops"] > 0
