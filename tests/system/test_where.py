"""Where visitors come from: lists and files of the operator's, a list served over HTTP, damaged files, and the never-list."""

import http.server
import json
import threading

import pytest

from noroshi import Node, converse, wait_until


class Lists(http.server.ThreadingHTTPServer):
    """Serves one list with an ETag and counts what is asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Lists.Handler)
        self.body = b"127.0.0.1\n"
        self.full = self.unchanged = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/exits.txt"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            tag = f'"{hash(self.server.body)}"'
            same = self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200)
            self.send_header("ETag", tag)
            self.end_headers()
            if same:
                self.server.unchanged += 1
            else:
                self.server.full += 1
                self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass


@pytest.fixture
def lists():
    with Lists() as server:
        yield server
        server.shutdown()


def where(node, what):
    return [each for each in node.status()["where"] if each["what"] == what]


def test_a_visit_is_placed_and_flagged_as_of_then(tmp_path, lists):
    vpn = tmp_path / "vpn.json"
    vpn.write_text(json.dumps({"name": "Loopback VPN", "version": 20261120, "list": ["127.0.0.0/8"]}))
    csv = tmp_path / "asn.csv"
    csv.write_text('127.0.0.0,127.255.255.255,64496,"Example, Inc."\n')
    node = Node(tmp_path, [f"where.lists=vpn={vpn},tor={lists.url}", f"where.asn_file={tmp_path}/asn.ranges"])
    node.init()
    node.run("geo", "convert", csv, "--out", tmp_path / "asn.ranges", "--date", "2026-11-19")
    with node:
        wait_until(lambda: where(node, "tor")[0]["entries"] == 1, "the list is fetched")
        converse(node.port("telnet"), b"root\r\n")
        wait_until(lambda: node.observations() >= 2, "the visit is applied")
        shown = node.json("show", "ip", "127.0.0.1")[0]
        assert (shown["asn"], shown["network"], shown["country"]) == (64496, "Example, Inc.", None)
        flags = {each["flag"]: each for each in shown["flags"]}
        assert flags["vpn"] == {"flag": "vpn", "source": "Loopback VPN", "date": "2026-11-20"}
        assert flags["tor"]["source"].endswith("/exits.txt") and len(flags["tor"]["date"]) == 10
        page = node.run("show", "ip", "127.0.0.1")
        assert "Loopback VPN, 2026-11-20" in page and "AS64496" in page and "Example, Inc." in page
        session = node.json("show", "session", shown["visits"][0]["session"])[0]
        assert session["asn"] == 64496 and {each["flag"] for each in session["flags"]} == {"vpn", "tor"}
        assert node.json("top", "opened", "network")[0]["value"] == "AS64496 Example, Inc."
        status = node.run("status")
        assert "Open proxy: no source" in status and "3 lists" in status
        assert {"name": "Loopback VPN", "date": "2026-11-20"}.items() <= where(node, "vpn")[-1].items()

        hit = node.json("search", "127.0.0.1")[0]["hits"][0]
        assert hit["assessment"]["shared"][0:2] == ["tor", "vpn"]
    # The list says something else now, the server is gone, and the files are damaged: what was said then stays.
    lists.shutdown()
    vpn.write_text("{")
    (tmp_path / "asn.ranges").write_bytes(b"rubbish")
    with node:
        again = node.json("show", "ip", "127.0.0.1")[0]
        assert again["flags"] == shown["flags"] and again["asn"] == 64496
        assert "geo convert" in where(node, "asn")[0]["problem"]
        assert where(node, "tor")[0]["entries"] == 1  # the last good copy
        before = node.observations()
        converse(node.port("telnet"), b"root\r\n")
        wait_until(lambda: node.observations() >= before + 2, "visits go on")
        flags = [each["flag"] for each in node.json("show", "ip", "127.0.0.1")[0]["flags"]]
        assert "tor" in flags and "vpn" not in flags
        assert "WHERE FROM" in node.run("status")


def test_a_list_that_has_not_changed_is_asked_for_by_its_version(tmp_path, lists):
    node = Node(tmp_path, [f"where.lists=tor={lists.url}"])
    with node:
        wait_until(lambda: lists.full == 1, "the list is fetched")
        wait_until(lambda: where(node, "tor")[0]["entries"] == 1, "the list is there")
        node.stop()
    with node:
        wait_until(lambda: lists.unchanged == 1, "the list is asked for by version")
        lists.body = b"<html>out of order</html>"
        node.stop()
    with node:
        wait_until(lambda: where(node, "tor")[0]["problem"], "the page of something else is refused")
        assert where(node, "tor")[0]["entries"] == 1


def test_the_never_list_wins_over_what_visitors_did(tmp_path):
    with Node(tmp_path, ["never.values=127.0.0.0/8"]) as node:
        converse(node.port("telnet"), b"root\r\n", b"admin\r\n", b"id\r\n")
        wait_until(lambda: node.knows("127.0.0.1") and node.json("search", "127.0.0.1", expect=0)[0]["hits"], "an indicator is derived")
        for hit in node.json("search", "127.0.0.1")[0]["hits"]:
            assert hit["to_ids"] is False
            assert any(tag.startswith("never-list:") for tag in hit["tags"])


def test_wrong_settings_are_clear(tmp_path):
    node = Node(tmp_path).init()
    node.settings.append("where.lists=vnp=/tmp/x")
    said = node.run("serve", expect=2)
    assert "where.lists" in said and "vpn" in said
