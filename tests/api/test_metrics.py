"""GET metrics of dist and the nodes: promtool has nothing to say about it, and the figures are those of what was done."""
import re
import socket
import subprocess

import pytest

from cluster import Cluster, http, wait_for
from harness import Postgres


def text_of(c, who):
    r = http("GET", c.base(who) + "/metrics")
    assert r.status_code == 200, r.text
    assert r.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return r.text


def figures(text):
    """{'name{labels}': value}; every line is a sample or a comment, and no sample comes twice."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        m = re.fullmatch(r'([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) ([0-9.]+)', line)
        assert m, line
        assert m[1] not in found, line
        found[m[1]] = float(m[2])
    return found


def get(c, who):
    return figures(text_of(c, who))


def request(method, route, status):
    return f'cdn_http_requests_total{{method="{method}",route="{route}",status="{status}"}}'


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_promtool_has_nothing_to_say(cdn, who):
    stored = cdn.store(b"x" * 100, node="node1")
    assert http("GET", f"{cdn.base('node1')}/retrieve/{stored['id']}").status_code == 200
    assert http("GET", cdn.base(who) + "/nowhere").status_code == 404
    r = subprocess.run(["promtool", "check", "metrics"], input=text_of(cdn, who), text=True, capture_output=True, check=False)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_every_metric_has_a_head_once_and_before_its_samples(cdn, who):
    heads = []
    for line in text_of(cdn, who).splitlines():
        m = re.match(r"# TYPE (\S+) ", line)
        if m:
            assert m[1] not in heads
            heads.append(m[1])
        elif not line.startswith("#"):
            name = re.match(r"[a-z_]+", line)[0]
            assert re.sub(r"_(bucket|sum|count)$", "", name) == heads[-1] or name == heads[-1], line


def test_program_and_version(cdn):
    for who, program in (("dist", "dist"), ("node1", "node")):
        f = get(cdn, who)
        assert f[f'cdn_build_info{{program="{program}",version="0.1.0"}}'] == 1
        assert 0 < f["cdn_uptime_seconds"] < 86400
        assert f["cdn_process_resident_memory_bytes"] > 1 << 20
        assert f["cdn_process_open_fds"] > 5
        assert f["cdn_http_requests_in_flight"] >= 1  # this one
    first = get(cdn, "node1")
    second = wait_for("time", lambda: get(cdn, "node1"))
    assert second["cdn_uptime_seconds"] > first["cdn_uptime_seconds"]


@pytest.fixture
def own(tmp_path):
    c = Cluster(tmp_path / "cdn", nodes=2, max_storage="10M", env={"DIST_TIMEOUT": "2"})
    yield c
    c.close()


def until(c, who, name, value):
    wait_for(f"{name} {value} of {who}", lambda: get(c, who).get(name, 0) == value)


def test_requests_bytes_and_durations(own):
    stored = own.store(b"x" * 100_000, node="node1")
    url = f"{own.base('node1')}/retrieve/{stored['id']}"
    for _ in range(5):
        http("GET", url)
    http("HEAD", url)
    http("GET", url, headers={"Range": "bytes=0-9"})
    http("GET", own.base("node1") + "/retrieve/999")
    http("GET", own.base("node1") + "/nowhere")
    http("BREW", own.base("node1") + "/store/")
    route = "/retrieve/{id}"
    until(own, "node1", request("GET", route, 200), 6)
    until(own, "node1", request("GET", route, 206), 1)
    until(own, "node1", request("GET", route, 404), 1)
    until(own, "node1", request("other", "other", 404), 1)
    until(own, "node1", request("other", "other", 405), 1)
    after = get(own, "node1")
    name = f'cdn_http_sent_bytes_total{{method="GET",route="{route}"}}'
    sentence = len(http("GET", own.base("node1") + "/retrieve/999").content)
    assert after[name] == 500_010 + sentence  # HEAD has no body
    assert after['cdn_http_received_bytes_total{method="POST",route="/store/"}'] >= 100_000
    labels = f'method="GET",route="{route}",status="200"'
    assert after[f"cdn_http_request_duration_seconds_count{{{labels}}}"] == 6
    buckets = [v for k, v in after.items() if k.startswith(f"cdn_http_request_duration_seconds_bucket{{{labels},")]
    assert buckets == sorted(buckets) and len(buckets) == 16 and buckets[-1] == 6
    assert 0 < after[f"cdn_http_request_duration_seconds_sum{{{labels}}}"] < 60


def test_an_upload_that_breaks_off(own):
    with socket.create_connection(("127.0.0.1", own.ports["node1"])) as s:
        s.sendall(b"PUT /store/?path=/never HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")
        wait_for("its room", lambda: get(own, "node1")["cdn_store_reserved_bytes"] > 0)
    until(own, "node1", "cdn_http_ended_early_total", 1)
    until(own, "node1", "cdn_store_reserved_bytes", 0)
    assert get(own, "node1")[request("PUT", "/store/", "other")] == 1


def test_the_store(own):
    f = get(own, "node1")
    assert f["cdn_store_capacity_bytes"] == 10_000_000 and f["cdn_store_used_bytes"] == f["cdn_store_contents"] == 0
    stored = own.store(b"x" * 1_000_000, node="node1")
    own.store(b"y" * 500_000, node="node1")
    until(own, "node1", "cdn_store_reserved_bytes", 0)
    f = get(own, "node1")
    assert (f["cdn_store_used_bytes"], f["cdn_store_contents"], f["cdn_store_trash_bytes"]) == (1_500_000, 2, 0)
    assert f["cdn_store_free_bytes"] == 8_500_000
    assert http("DELETE", f"{own.base('node1')}/delete/{stored['id']}").status_code == 200
    f = get(own, "node1")
    assert (f["cdn_store_used_bytes"], f["cdn_store_contents"], f["cdn_store_trash_bytes"]) == (500_000, 1, 1_000_000)


def test_dist_knows_the_nodes_and_counts_placements(own):
    own.store(b"x" * 1_000_000, node="node2")
    until(own, "dist", 'cdn_node_used_bytes{node="node2"}', 1_000_000)
    before = get(own, "dist")
    assert before['cdn_node_up{node="node1"}'] == before['cdn_node_up{node="node2"}'] == 1
    assert before['cdn_node_capacity_bytes{node="node1"}'] == 10_000_000
    assert http("GET", own.url + "/store/?size=1000").status_code == 200
    assert http("GET", own.url + "/store/?size=100000000").status_code == 507
    own.kill("node1")
    own.kill("node2")
    own.wait_down("node1")
    own.wait_down("node2")
    assert http("GET", own.url + "/store/").status_code == 503
    after = get(own, "dist")
    assert after['cdn_node_up{node="node1"}'] == 0
    assert after["cdn_placements_total"] == before["cdn_placements_total"] + 1
    for reason in ("full", "down"):
        name = f'cdn_placement_refusals_total{{reason="{reason}"}}'
        assert after[name] == before[name] + 1
    assert after['cdn_log_lines_total{level="warn"}'] >= 2


def tx(mode, outcome):
    return f'cdn_db_transactions_total{{mode="{mode}",outcome="{outcome}"}}'


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_database(new_cdn, kind):
    c = new_cdn(kind, nodes=1)
    before = get(c, "dist")
    assert before["cdn_db_up"] == 1
    stored = c.store(b"x", node="node1", params={})
    assert http("GET", f"{c.url}/content/{stored['id'] + 1000}").status_code == 404
    until(c, "dist", "cdn_contents", before["cdn_contents"] + 1)
    until(c, "dist", "cdn_inodes", before["cdn_inodes"] + 1)
    after = get(c, "dist")
    assert after[tx("durable", "committed")] == before[tx("durable", "committed")] + 1
    assert after[tx("read", "rolled_back")] == before[tx("read", "rolled_back")] + 1
    assert after['cdn_db_transaction_duration_seconds_count{mode="durable"}'] == after[tx("durable", "committed")]


def test_a_database_that_is_away_does_not_silence_it(tmp_path):
    server = Postgres()
    c = Cluster(tmp_path / "cdn", nodes=1, database=server.database())
    try:
        assert get(c, "dist")["cdn_db_up"] == 1
        server.close()
        until(c, "dist", "cdn_db_up", 0)
        f = get(c, "dist")
        assert f['cdn_node_up{node="node1"}'] == 1 and "cdn_contents" not in f
        assert f[tx("read", "failed")] >= 1
    finally:
        c.close()


def test_it_is_a_read_that_can_be_protected(new_cdn):
    c = new_cdn(nodes=1, env={"CDN_TOKEN": "t0ken"}, dist_args=["--protect-reads"], node_args=["--protect-reads"])
    for who in ("dist", "node1"):
        assert http("GET", c.base(who) + "/metrics").status_code == 401
        r = http("GET", c.base(who) + "/metrics", headers={"Authorization": "Bearer t0ken"})
        assert r.status_code == 200 and "t0ken" not in r.text
