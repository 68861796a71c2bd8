"""noroshi store: what the indicator store is made of, whether it is sound, and all of it into one file."""
from noroshi import Node, converse, wait_until


def visited(node, count):
    for number in range(count):
        converse(node.port("http"), f"GET /seen-{number} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    wait_until(lambda: node.knows("127.0.0.1"), "the visits")


def test_the_store_tells_its_files_is_checked_and_compacted_while_the_node_runs(tmp_path):
    with Node(tmp_path) as node:
        visited(node, 3)
        files = node.json("store", "stats")
        assert files[-1]["tier"] == "memory" and sum(each["indicators"] for each in files) >= 1
        checked = node.json("store", "check")
        assert all(each["state"] == "sound" for each in checked[:-1])
        assert checked[-1] == {"checked": len(checked) - 1, "damaged": 0}
        assert {"memory", "log", "key", "manifest"} <= {each["tier"] for each in checked[:-1]}
        compacted = node.json("store", "compact")[-1]
        assert compacted["problem"] is None and compacted["indicators"] >= 1
        files = node.json("store", "stats")
        assert [each["tier"] for each in files] == ["base"]
        assert node.knows("127.0.0.1")
        assert "base" in node.run("store", "stats") and "sound" in node.run("store", "check")
        assert "it was" in node.run("store", "compact")
        assert any(each["action"] == "store.compact" for each in node.json("audit"))


def test_a_damaged_file_is_named_with_its_part_and_what_to_do(tmp_path):
    node = Node(tmp_path)
    with node:
        visited(node, 1)
        node.run("store", "compact")
        name = node.json("store", "stats")[0]["file"]
    file = node.data / "indicators" / name
    sound = file.read_bytes()
    # The first page is the header, the second begins the table: it is not read at the start, so the node runs.
    file.write_bytes(sound[:4096] + bytes([sound[4096] ^ 1]) + sound[4097:])
    said = node.run("store", "check", expect=1)
    assert name in said and "damaged" in said and "table" in said
    # The header is: the node does not start, and says which file and what to do.
    file.write_bytes(sound[:20] + b"x" + sound[21:])
    said = node.run("search", "192.0.2.1", expect=3)
    assert name in said and "header" in said and "backup" in said and "store check" in said
    checked = {each["tier"]: each for each in node.json("store", "check", expect=1)[:-1]}
    assert checked["base"]["state"] == "damaged" and "backup" in checked["base"]["next"]
    assert checked["key"]["state"] == checked["manifest"]["state"] == "sound"
    file.write_bytes(sound[: len(sound) // 2])
    assert "cut off" in node.run("search", "192.0.2.1", expect=3)
    file.write_bytes(sound)
    node.run("store", "check")


def test_a_damaged_log_keeps_the_store_shut_until_it_is_repaired(tmp_path):
    node = Node(tmp_path)
    with node:
        visited(node, 3)
    log = max((node.data / "indicators").glob("log-*"))
    sound = log.read_bytes()
    log.write_bytes(sound[:60] + bytes([sound[60] ^ 1]) + sound[61:])
    said = node.run("search", "127.0.0.1", expect=3)
    assert log.name in said and "offset 32" in said and "store repair" in said
    assert "damaged" in node.run("store", "check", expect=1)
    said = node.run("store", "repair")
    assert "lost" in said and f"damaged-{log.name}" in said
    node.run("store", "check")
    assert "nothing was changed" in node.run("store", "repair")
    with node:
        visited(node, 1)
        assert "stop it first" in node.run("store", "repair", expect=3)
