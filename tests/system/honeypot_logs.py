"""Logs of other honeypots, made from a seed: N lines of each format and generation, and what an import must count.

Every generator gives (lines, Expected). Addresses come from 192.0.2.0/24 and 198.51.100.0/24, times from one day.
"""

import base64
import collections
import csv
import dataclasses
import datetime
import io
import json
import random

# The day before yesterday: what is derived from older logs has expired.
START = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=2)


@dataclasses.dataclass
class Expected:
    types: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # lines by event type
    sources: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # observations by address
    commands: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by address
    logins: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by address
    urls: set = dataclasses.field(default_factory=set)
    hashes: set = dataclasses.field(default_factory=set)
    spoofable: set = dataclasses.field(default_factory=set)  # sources that completed no handshake
    sensors: set = dataclasses.field(default_factory=set)

    def note(self, kind, source, observations=1):
        self.types[kind] += 1
        self.sources[source] += observations

    @property
    def observations(self):
        return sum(self.sources.values())


class Maker:
    def __init__(self, seed, count):
        self.random = random.Random(seed)
        self.count = count
        self.step = datetime.timedelta(days=1) / (count + 1)
        self.now = START
        self.number = 0

    def time(self):
        """Later with every call, and never twice the same."""
        self.now += self.step
        self.number += 1
        return self.now

    def address(self):
        return f"192.0.2.{self.random.randint(1, 120)}"

    def port(self):
        return self.random.randint(1024, 65535)

    def word(self):
        return self.random.choice(["root", "admin", "support", "pi", 'quo"ted', "back\\slash", "日本", "tab\there", "=1+1"])

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"


def micros(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Cowrie -----------------------------------------------------------------------------------------------------------


def cowrie_session(maker, expected, generation, sensor):
    """The events of one session, as [(eventid, members)]."""
    random = maker.random
    source, session = maker.address(), maker.hex(12)
    telnet = random.random() < 0.3
    base = {"session": session, "src_ip": source, "sensor": sensor}
    if generation != "2018":
        base["protocol"] = "telnet" if telnet else "ssh"
        base["uuid"] = "8d1a7b4e-0000-11ef-8000-0242ac120002"
    port = 23 if telnet else 22
    events = [("cowrie.session.connect", {"src_port": maker.port(), "dst_ip": "203.0.113.9", "dst_port": port, "protocol": "telnet" if telnet else "ssh"})]
    if not telnet:
        events.append(("cowrie.client.version", {"version": "SSH-2.0-Go" if generation != "2018" else "'SSH-2.0-Go'"}))
        if generation != "2018":
            events.append(("cowrie.client.kex", {"hassh": maker.hex(32), "hasshAlgorithms": "curve25519-sha256;aes128-ctr", "kexAlgs": ["curve25519-sha256"], "langCS": [""]}))
    for _ in range(random.randint(1, 4)):
        events.append(("cowrie.login.failed", {"username": maker.word(), "password": maker.word()}))
    if random.random() < 0.6:
        events.append(("cowrie.login.success", {"username": "root", "password": maker.word()}))
        events.append(("cowrie.session.params", {"arch": "linux-x64-lsb"}))
        for _ in range(random.randint(0, 3)):
            events.append(("cowrie.command.input", {"input": f"echo {maker.word()}; cat /proc/cpuinfo"}))
            if random.random() < 0.5:
                kind = "cowrie.command.success" if generation == "2018" else "cowrie.command.failed"
                events.append((kind, {"input": "echo"}))
        if random.random() < 0.3:
            url, digest = f"http://malware{random.randint(1, 40)}.example.com/bins/x.{maker.hex(4)}", maker.hex(64)
            events.append(("cowrie.session.file_download", {"url": url, "outfile": f"var/lib/cowrie/downloads/{digest}", "shasum": digest}))
            expected.urls.add(url)
            expected.hashes.add(digest)
        if random.random() < 0.2:
            events.append(("cowrie.session.file_download.failed", {"url": f"http://gone.example.com/{maker.hex(4)}"}))
        if random.random() < 0.2:
            digest = maker.hex(64)
            events.append(("cowrie.session.file_upload", {"filename": "sshd", "outfile": "x", "shasum": digest}))
            expected.hashes.add(digest)
        if random.random() < 0.2 and not telnet:
            target = {"dst_ip": "mail.example.org", "dst_port": 25, "orig_ip": "127.0.0.1", "orig_port": 5555}
            events.append(("cowrie.direct-tcpip.request", {"src_port": maker.port(), **target}))
            events.append(("cowrie.direct-tcpip.data", {**target, "data": "b'EHLO x'"}))
    if random.random() < 0.1:
        events.append(("cowrie.something.new", {"answer": 42, "nested": {"deep": [1, 2]}}))
    seconds = random.randint(1, 900) / 10
    closing = {"2018": {"duration": seconds}, "2025": {"duration": f"{seconds}"}, "3.0": {"duration_ms": int(seconds * 1000)}}[generation]
    events.append(("cowrie.session.closed", closing))
    return source, base, events


def cowrie(count, generation, seed=1, sensor="pot-1"):
    """generation: "2018", "2025" (until 2026-04) or "3.0"."""
    maker, expected, lines = Maker(seed, count), Expected(sensors={f"cowrie/{sensor}"}), []
    while len(lines) < count:
        source, base, events = cowrie_session(maker, expected, generation, sensor)
        for event, members in events:
            if len(lines) == count:
                break
            line = {"eventid": event, **base, **members, "message": f"what {event} says", "timestamp": micros(maker.time())}
            if generation == "2018":
                line |= {"isError": 0, "system": "SSHChannel session (0)"}
                if event != "cowrie.session.connect":
                    line.pop("protocol", None)
            lines.append(json.dumps(line, ensure_ascii=maker.random.random() < 0.5))
            expected.note(event, source)
            expected.commands[source] += event == "cowrie.command.input"
            expected.logins[source] += event.startswith("cowrie.login.")
    # What the cut at `count` left out is not expected.
    text = "\n".join(lines)
    expected.urls = {url for url in expected.urls if url in text}
    expected.hashes = {digest for digest in expected.hashes if f'"shasum": "{digest}"' in text}
    return lines, expected


# The others -------------------------------------------------------------------------------------------------------

OPENCANARY = [
    (2000, "2000 ftp log-in", {"USERNAME": "anonymous", "PASSWORD": "x"}),
    (3000, "3000 http get", {"PATH": "/index.html", "USERAGENT": "zgrab/0.x", "HOSTNAME": "x"}),
    (4000, "4000 ssh connection", {"SESSION": "1"}),
    (4002, "4002 ssh log-in", {"USERNAME": "root", "PASSWORD": "1234", "REMOTEVERSION": "SSH-2.0-Go"}),
    (5001, "5001 port scan syn", {"SYN": "", "TTL": "64"}),
    (6001, "6001 telnet log-in", {"USERNAME": "root", "PASSWORD": "vizxv"}),
    (13001, "13001 snmp", {"REQUESTS": ["1.3.6.1"], "COMMUNITY_STRING": "public"}),
    (17001, "17001 redis command", {"CMD": "CONFIG", "ARGS": "GET dir"}),
    (99999, "99999 (unknown)", {"WHAT": "ever"}),
]
OPENCANARY_SPOOFABLE = {5001, 13001, 99999}


def opencanary(count, seed=2):
    maker, expected, lines = Maker(seed, count), Expected(sensors={"opencanary/canary-1"}), []
    for _ in range(count):
        number, kind, data = maker.random.choice(OPENCANARY)
        # Those that complete no handshake have addresses of their own.
        source = f"198.51.100.{maker.random.randint(1, 50)}" if number in OPENCANARY_SPOOFABLE else maker.address()
        utc = maker.time().strftime("%Y-%m-%d %H:%M:%S.%f")
        lines.append(json.dumps({
            "dst_host": "203.0.113.9", "dst_port": 22, "local_time": utc, "local_time_adjusted": utc, "logdata": data,
            "logtype": number, "node_id": "canary-1", "src_host": source, "src_port": maker.port(), "utc_time": utc}))
        expected.note(kind, source)
        expected.logins[source] += "log-in" in kind
        expected.commands[source] += number == 17001
        if number in OPENCANARY_SPOOFABLE:
            expected.spoofable.add(source)
    return lines, expected


def glutton(count, seed=3):
    maker, expected, lines = Maker(seed, count), Expected(sensors={"glutton/glutton-1"}), []
    for _ in range(count):
        udp = maker.random.random() < 0.3
        source = f"198.51.100.{maker.random.randint(1, 50)}" if udp else maker.address()
        payload = maker.random.randbytes(maker.random.randint(0, 40))
        handler = "udp" if udp else maker.random.choice(["tcp", "smtp", "rdp"])
        lines.append(json.dumps({
            "timestamp": maker.time().strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z", "transport": "udp" if udp else "tcp",
            "srcHost": source, "srcPort": str(maker.port()), "dstPort": maker.random.choice([25, 445, 3389]),
            "sensorID": "glutton-1", "rule": "Rule: tcp", "handler": handler,
            "payload": base64.b64encode(payload).decode(), "scanner": ""}))
        expected.note(handler, source, 1 if udp or not payload else 2)
        if udp:
            expected.spoofable.add(source)
    return lines, expected


def heralding(count, seed=4):
    maker, expected, lines = Maker(seed, count), Expected(sensors={"heralding/unnamed"}), []
    for _ in range(count):
        source, begun = maker.address(), maker.time()
        stamp = begun.strftime("%Y-%m-%d %H:%M:%S.%f")
        attempts = [{"timestamp": stamp, "username": maker.word(), "password": maker.word()} for _ in range(maker.random.randint(0, 3))]
        protocol = maker.random.choice(["ssh", "ftp", "vnc", "rdp"])
        lines.append(json.dumps({
            "timestamp": stamp, "duration": 3, "session_id": maker.hex(32), "source_ip": source, "source_port": maker.port(),
            "destination_ip": "203.0.113.9", "destination_port": 22, "protocol": protocol,
            "num_auth_attempts": len(attempts), "auth_attempts": attempts, "session_ended": True, "auxiliary_data": {"client_version": "x"}}))
        expected.note(protocol, source, 2 + len(attempts))
        expected.logins[source] += len(attempts)
    return lines, expected


COMMON = ("timestamp,protocol,src_ip,src_port,src_asn,src_geo,src_region,src_city,src_hostname,src_naics,src_sector,device_vendor,device_type,"
          "device_model,severity,dst_ip,dst_port,dst_asn,dst_geo,dst_region,dst_city,dst_hostname,dst_naics,dst_sector,public_source,infection,"
          "family,tag,application,version,event_id").split(",")
VULNERABILITY = "vulnerability_enum,vulnerability_id,vulnerability_class,vulnerability_score,vulnerability_severity,vulnerability_version".split(",")
THREAT = "threat_framework,threat_tactic_id,threat_technique_id".split(",")
TARGET = "target_vendor,target_product,target_class".split(",")
SHADOWSERVER = {
    "honeypot_brute_force": COMMON + "service,start_time,end_time,client_version,username,password,payload_url,payload_md5".split(",") + VULNERABILITY + TARGET,
    "honeypot_http_scan": COMMON + "pattern,http_url,http_agent,http_request_method,url_scheme,session_tags".split(",") + VULNERABILITY + THREAT + TARGET
    + "file_md5,file_sha256,request_raw,body_raw".split(","),
    "sinkhole": COMMON + ["ssl_cipher", "ssl_servername"],
    "sinkhole_http": COMMON + "http_url,http_host,http_agent,forwarded_by,ssl_cipher,http_referer,ssl_servername,machine_name".split(","),
}


def shadowserver(count, report, seed=5):
    maker, expected = Maker(seed, count), Expected(sensors={f"shadowserver/{report}"})
    columns = SHADOWSERVER[report]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for number in range(count):
        source = maker.address()
        row = dict.fromkeys(columns, "") | {
            "timestamp": maker.time().strftime("%Y-%m-%d %H:%M:%S"), "protocol": "tcp", "src_ip": source, "src_port": maker.port(),
            "src_asn": 64496, "dst_ip": "203.0.113.9", "dst_port": 22, "severity": "critical", "event_id": f"{number}-{maker.hex(8)}"}
        observations = 1
        if report == "honeypot_brute_force":
            row |= {"service": "ssh", "username": maker.word(), "password": maker.word() or "x", "client_version": "SSH-2.0-Go"}
            if maker.random.random() < 0.3:
                row["payload_url"] = f"http://malware{maker.random.randint(1, 40)}.example.com/{maker.hex(6)}"
                expected.urls.add(row["payload_url"])
                observations = 2
            expected.logins[source] += 1
        elif report == "honeypot_http_scan":
            row |= {"http_url": "/login?a=1,b", "http_request_method": "GET", "http_agent": 'Mozilla "5.0"', "pattern": "x"}
        else:
            row |= {"infection": "avalanche-andromeda", "family": "andromeda"}
            if report == "sinkhole_http":
                row |= {"http_url": "/gate.php", "http_host": "sink.example.net", "http_agent": "bot"}
        writer.writerow(row)
        expected.note(report, source, observations)
    return out.getvalue().splitlines(), expected


def all_logs(count):
    """name → (lines, Expected), every format and generation, `count` events each."""
    logs = {f"cowrie-{generation}": cowrie(count, generation, sensor=f"pot-{generation}") for generation in ("2018", "2025", "3.0")}
    logs["opencanary"] = opencanary(count)
    logs["glutton"] = glutton(count)
    logs["heralding"] = heralding(count)
    for report in SHADOWSERVER:
        logs[f"shadowserver-{report}"] = shadowserver(count, report)
    return logs
