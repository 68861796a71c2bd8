"""Values of every type: told to a node, asked for in another style, and asked for again by what the answer says they are."""

import pytest
from noroshi import Node

DIGEST = "e7d705a3286e19ea42f587b344ee6865"
ONION = "6rfg3od7wcmmntqrldj7yieysbvn7jcznue7lx4nvhindjdlqohwqvyd.onion"

# type, as reported, as asked, as answered
VALUES = [
    ("ssdeep", '96:I8zFaR0hNq2kPu3+Ty/v1dWxZ:I8zFaRqkPu3a,"a.exe"', "96:I8zFaR0hNq2kPu3+Ty/v1dWxZ:I8zFaRqkPu3a", None),
    ("imphash", f"imphash:{DIGEST.upper()}", f"imphash: {DIGEST}", f"imphash:{DIGEST}"),
    ("ja3", f"JA3: {DIGEST}", f"ja3:{DIGEST}", f"ja3:{DIGEST}"),
    ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6", "T13D1516h2_8DAAF6152771_B186095E22B6", "t13d1516h2_8daaf6152771_b186095e22b6"),
    ("asn", "AS1.10", "ASN 65546", "AS65546"),
    ("file_name", "file_name:見積書 [1].exe", 'filename: "見積書 [1].exe"', "file_name:見積書 [1].exe"),
    ("registry_key", "HKLM\\Software\\Evil", "[HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\Evil\\\\]", "hkey_local_machine\\software\\evil"),
    ("mutex", "mutex:Global\\{a}", "Mutex: Global\\{a}", "mutex:Global\\{a}"),
    ("user_agent", "Mozilla/5.0 (X11; U) at b", '"Mozilla/5.0 (X11; U) at b"', "Mozilla/5.0 (X11; U) at b"),
    ("cve", "cve-2021-44228", "CVE\u20112021\u201144228", "CVE-2021-44228"),
    ("attack", "t1059.001", "T1059.001", "T1059.001"),
    ("btc", "BC1QJN4S69DK92F2WZD9JWJYA538JE3W8929FVZM27", "bitcoin:bc1qjn4s69dk92f2wzd9jwjya538je3w8929fvzm27?amount=1", "bc1qjn4s69dk92f2wzd9jwjya538je3w8929fvzm27"),
    ("eth", "0xDC6b54aC97f1a1D76e89ADC8fe268F6116CA4189", "0xdc6b54ac97f1a1d76e89adc8fe268f6116ca4189", "0xdc6b54ac97f1a1d76e89adc8fe268f6116ca4189"),
    ("domain", ONION, ONION.upper().replace(".", "[ドット]"), ONION),
    ("url", "http://evil.example/a", "「ｈｘｘｐ：／／ｅｖｉｌ［．］ｅｘａｍｐｌｅ／a」。", "http://evil.example/a"),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("values")).init()
    node.run("report", "add", "--title", "all of them", "--role", "c2", *[reported for _, reported, _, _ in VALUES])
    return node


def test_every_type_is_found_in_another_style_and_by_its_own_answer(node):
    answers = node.json("search", *[asked for _, _, asked, _ in VALUES])[:-1]
    for (kind, _, asked, canonical), answer in zip(VALUES, answers, strict=True):
        assert (answer["type"], answer["canonical"]) == (kind, canonical or asked), answer
        assert answer["known"], answer
    pasted = node.json("search", *[answer["canonical"] for answer in answers])[:-1]
    assert [(a["type"], a["canonical"], a["known"]) for a in pasted] == [(a["type"], a["canonical"], True) for a in answers]


def test_a_digest_without_a_type_finds_whatever_has_it_and_says_what_that_is(node):
    answer = node.json("search", DIGEST)[0]
    assert answer["type"] == "md5"
    assert sorted(hit["indicator"] for hit in answer["hits"]) == [f"imphash:{DIGEST}", f"ja3:{DIGEST}"]
    assert [hit["indicator"] for hit in node.json("search", f"hassh:{DIGEST}", expect=1)[0]["hits"]] == []


def test_a_wrong_checksum_is_told(node):
    for wrong, word in [("0xDC6b54aC97f1a1D76e89ADC8fe268F6116CA418A", "EIP-55"), ("1Bzi1wM5SMwJgTcHcdyUntqGXoJ2rWbUdY", "checksum"), ("7" + ONION[1:], "checksum"), ("invoice.exe", "file_name:")]:
        answer = node.json("search", wrong, expect=1)[0]
        assert answer["type"] is None and word in answer["reason"], answer
