"""dist: store/, update/{id}, retrieve/{id}, nodes/, stats/, health: placement and figures."""
import signal
import time

import pytest

from cluster import free_port, http, wait_for


@pytest.mark.parametrize("path", ["/store", "/store/"])
def test_store_names_a_node_and_its_upload_url(cdn, path):
    r = http("GET", cdn.url + path)
    assert r.status_code == 200
    assert r.headers["content-type"] == "application/json"
    assert set(r.json()) == {"node", "uri"}
    assert r.json()["uri"] == cdn.base(r.json()["node"]) + "/store"


def test_store_uri_takes_an_upload(cdn):
    r = http("POST", cdn.place()["uri"], files={"file": ("a.txt", b"abc")})
    assert r.status_code == 200


@pytest.mark.parametrize("size", ["-1", "x", "1.5", "", "99999999999999999999", "9007199254740992", "1M", "0x10", " 1"])
def test_store_refuses_a_wrong_size(cdn, size):
    r = http("GET", cdn.url + "/store/", params={"size": size})
    assert r.status_code == 400
    assert "size" in r.json()["message"]


def test_store_passes_over_nodes_named_in_not(cdn):
    for _ in range(4):
        assert cdn.place(**{"not": "node1,node3"})["node"] == "node2"


def test_store_with_every_node_in_not_is_503(cdn):
    r = http("GET", cdn.url + "/store/", params={"not": "node1,node2,node3"})
    assert r.status_code == 503


def test_store_too_large_for_every_node_is_507(cdn):
    r = http("GET", cdn.url + "/store/", params={"size": 10**12})
    assert r.status_code == 507
    assert r.json()["message"]


def test_placement_fills_nodes_evenly(new_cdn):
    c = new_cdn(max_storage="10M")
    for i in range(30):
        c.store(b"x" * 100_000, f"f{i}")
    used = [c.stats(n)["storage"] for n in c.node_names]
    assert sum(used) == 3_000_000
    assert max(used) - min(used) <= 200_000, used


def test_placement_counts_bytes_before_any_figures_show_them(new_cdn):
    """Sizes that nobody told when he asked where to store; and dist looks at the nodes once."""
    c = new_cdn(max_storage="100M", dist_args=["--poll=60000"])
    for i in range(24):
        c.store(b"x" * (1_000_000 if i % 4 == 0 else 20_000), f"f{i}")
    used = [c.stats(n)["storage"] for n in c.node_names]
    assert max(used) - min(used) <= 1_000_000, used


def test_placement_spreads_a_burst_before_any_upload(new_cdn):
    """What was promised counts, though no statistics show it yet."""
    c = new_cdn(max_storage="10M", dist_args=["--poll=1500"])
    chosen = [c.place(size=1_000_000)["node"] for _ in range(9)]
    assert all(chosen.count(n) == 3 for n in c.node_names), chosen


def test_placement_skips_a_full_node(new_cdn):
    c = new_cdn(max_storage="1M")
    c.store(b"x" * 900_000, node="node1")
    wait_for("dist has the figures", lambda: http("GET", c.url + "/stats/").json()["stats"]["node1"]["storage"])
    chosen = {c.place(size=500_000)["node"] for _ in range(2)}
    assert "node1" not in chosen


def test_placement_skips_a_node_that_is_down(new_cdn):
    c = new_cdn()
    c.kill("node2")
    c.wait_down("node2")
    assert {c.place()["node"] for _ in range(12)} == {"node1", "node3"}


def test_store_with_no_node_up_is_503(new_cdn):
    c = new_cdn(nodes=1)
    c.kill("node1")
    c.wait_down("node1")
    r = http("GET", c.url + "/store/")
    assert r.status_code == 503
    assert r.headers["retry-after"]


def test_update_with_no_node_up_is_503(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"x")["id"]
    c.kill("node1")
    c.wait_down("node1")
    assert http("GET", f"{c.url}/update/{cid}").status_code == 503


def test_a_node_that_comes_back_gets_contents_again(new_cdn):
    c = new_cdn(nodes=1)
    c.kill("node1")
    c.wait_down("node1")
    c.start("node1")
    assert c.store(b"x")["id"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_update_names_a_node_and_its_update_url(cdn, slash):
    cid = cdn.store(b"abc")["id"]
    r = http("GET", f"{cdn.url}/update/{cid}{slash}")
    assert r.status_code == 200
    assert r.json()["uri"] == cdn.base(r.json()["node"]) + "/update"


def test_update_may_name_another_node(new_cdn):
    c = new_cdn(max_storage="1M")
    cid = c.store(b"x" * 600_000, node="node1")["id"]
    wait_for("dist has the figures", lambda: http("GET", c.url + "/stats/").json()["stats"]["node1"]["storage"])
    assert http("GET", f"{c.url}/update/{cid}", params={"size": 700_000}).json()["node"] != "node1"


def test_update_of_an_unknown_content_is_404(cdn):
    assert http("GET", cdn.url + "/update/999999999").status_code == 404


def test_update_refuses_a_wrong_size(cdn):
    cid = cdn.store(b"abc")["id"]
    assert http("GET", f"{cdn.url}/update/{cid}", params={"size": "-3"}).status_code == 400


def test_update_too_large_for_every_node_is_507(cdn):
    cid = cdn.store(b"abc")["id"]
    assert http("GET", f"{cdn.url}/update/{cid}", params={"size": 10**12}).status_code == 507


def test_update_passes_over_nodes_named_in_not(cdn):
    cid = cdn.store(b"abc")["id"]
    r = http("GET", f"{cdn.url}/update/{cid}", params={"not": "node1,node2"})
    assert r.json()["node"] == "node3"


@pytest.mark.parametrize("slash", ["", "/"])
def test_retrieve_locates_a_content(cdn, slash):
    cid = cdn.store(b"abc", node="node3")["id"]
    r = http("GET", f"{cdn.url}/retrieve/{cid}{slash}")
    assert r.status_code == 200
    assert r.json() == {"uri": cdn.base("node3")}


def test_retrieve_of_an_unknown_content_is_404(cdn):
    r = http("GET", cdn.url + "/retrieve/999999999")
    assert r.status_code == 404
    assert "999999999" in r.json()["message"]


def test_retrieve_of_an_empty_file_with_no_node_up_is_503(new_cdn):
    c = new_cdn(nodes=1)
    made = c.fs({"op": "create", "dir": 1, "name": "empty", "mode": 0o644, "uid": 0, "gid": 0})[0]
    c.kill("node1")
    c.wait_down("node1")
    assert http("GET", f"{c.url}/retrieve/{made['attr']['id']}").status_code == 503


@pytest.mark.parametrize("route", ["update", "retrieve", "content"])
@pytest.mark.parametrize("cid", ["0", "-1", "abc", "1x", "9007199254740992", "99999999999999999999999", "1.0", "%00",
                                 "..%2f1"])
def test_a_wrong_id_is_400(cdn, route, cid):
    r = http("GET", f"{cdn.url}/{route}/{cid}")
    assert r.status_code in (400, 404)
    assert r.json()["message"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_nodes_lists_dist_and_every_node(cdn, slash):
    r = http("GET", cdn.url + "/nodes" + slash)
    assert r.status_code == 200
    assert r.json() == {"nodes": {n: {"host": "127.0.0.1", "port": cdn.ports[n]} for n in ["dist"] + cdn.node_names}}


@pytest.mark.parametrize("slash", ["", "/"])
def test_stats_has_the_figures_of_every_node(cdn, slash):
    r = http("GET", cdn.url + "/stats" + slash)
    assert r.status_code == 200
    assert set(r.json()["stats"]) == set(cdn.node_names)
    for figures in r.json()["stats"].values():
        assert figures["status"] == "UP"
        assert figures["memory"] > 0
        assert figures["max_storage"] == 2_000_000_000
        assert 0 <= figures["free"] <= 2_000_000_000 and figures["seconds"] >= 0


def test_stats_tell_of_dist_and_where_nodes_are(cdn, driver):
    answer = http("GET", cdn.url + "/stats/").json()
    assert {n: f["uri"] for n, f in answer["stats"].items()} == {n: cdn.base(n) for n in cdn.node_names}
    assert answer["dist"]["database"].startswith({"sqlite": "SQLite 3.", "postgres": "PostgreSQL "}[driver])
    assert answer["dist"]["seconds"] >= 0
    assert answer["dist"]["version"] == cdn.stats("node1")["version"]


def test_stats_tell_since_when_and_how_many(new_cdn):
    c = new_cdn(nodes=1)

    def shown():
        return http("GET", c.url + "/stats/").json()["stats"]["node1"]
    c.store(b"x")
    wait_for("the content is counted", lambda: shown()["contents"] == 1)
    wait_for("it is UP for a while", lambda: shown()["seconds"] >= 3)
    before = time.monotonic()
    c.kill("node1")
    c.wait_down("node1")
    down = shown()
    assert down["seconds"] <= time.monotonic() - before  # counted from then on
    assert (down["status"], down["contents"]) == ("DOWN", 1)


def test_stats_follow_the_nodes(new_cdn):
    c = new_cdn(nodes=1, max_storage="100M")
    c.store(b"x" * 54_321)

    def shown():
        return http("GET", c.url + "/stats/").json()["stats"]["node1"]
    wait_for("the upload shows", lambda: shown()["storage"] == 54_321)
    assert shown()["storagep"] == pytest.approx(54_321 / 100_000_000 * 100)


def test_stats_of_a_dead_node_are_its_last(new_cdn):
    c = new_cdn()
    c.store(b"x" * 1000, node="node1")
    wait_for("the upload shows", lambda: http("GET", c.url + "/stats/").json()["stats"]["node1"]["storage"] == 1000)
    c.kill("node1")
    c.wait_down("node1")
    assert http("GET", c.url + "/stats/").json()["stats"]["node1"]["storage"] == 1000


@pytest.mark.parametrize("path", ["/stats/", "/nodes/", "/store/"])
def test_a_node_that_hangs_delays_nobody(new_cdn, path):
    c = new_cdn(nodes=2)
    c.kill("node1", signal.SIGSTOP)
    try:
        worst = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            t = time.monotonic()
            assert http("GET", c.url + path).status_code == 200
            worst = max(worst, time.monotonic() - t)
        assert worst < 0.4, worst
        c.wait_down("node1")
    finally:
        c.kill("node1", signal.SIGCONT)
    c.wait_status("node1")


def test_health_says_ok(cdn):
    r = http("GET", cdn.url + "/health")
    assert (r.status_code, r.json()) == (200, {"status": "OK"})


@pytest.mark.parametrize("path", ["/store/", "/nodes/", "/stats/", "/content/", "/files/", "/health"])
def test_head_answers_as_get_without_a_body(cdn, path):
    r = http("HEAD", cdn.url + path)
    assert r.status_code == 200
    assert r.content == b""
    assert int(r.headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/", "/nothing", "/store/1/2", "/content/1/2", "//", "/content//"])
def test_an_unknown_path_is_404(cdn, path):
    r = http("GET", cdn.url + path)
    assert r.status_code == 404
    assert r.json()["message"]


@pytest.mark.parametrize("method,path,allow", [
    ("POST", "/store/", {"GET", "HEAD"}), ("DELETE", "/nodes/", {"GET", "HEAD"}), ("PUT", "/stats/", {"GET", "HEAD"}),
    ("POST", "/content/1", {"GET", "HEAD", "PUT", "DELETE"}), ("PUT", "/content/", {"GET", "HEAD", "POST"}),
    ("GET", "/fs", {"POST"}), ("POST", "/files/x", {"GET", "HEAD", "PUT", "DELETE"}), ("PATCH", "/fs", {"POST"})])
def test_another_method_is_405_with_allow(cdn, method, path, allow):
    r = http(method, cdn.url + path)
    assert r.status_code == 405
    assert {m.strip() for m in r.headers["allow"].split(",")} == allow


def test_request_id_is_taken_over(cdn):
    r = http("GET", cdn.url + "/stats/", headers={"X-Request-Id": "abc-123"})
    assert r.headers["x-request-id"] == "abc-123"


def test_request_id_is_made(cdn):
    a, b = (http("GET", cdn.url + "/stats/").headers["x-request-id"] for _ in range(2))
    assert a and b and a != b


def test_public_and_internal_address_differ(new_cdn):
    """Clients are told the public one; dist and the nodes use the internal one."""
    port, dist = free_port(), free_port()
    c = new_cdn(nodes=1, keys={
        "node1": {"host": "cdn.invalid", "port": 80, "internal": {"host": "127.0.0.1", "port": port}},
        "dist": {"host": "cdn.invalid", "port": 81, "internal": {"host": "127.0.0.1", "port": dist}}},
        ports={"node1": port, "dist": dist})
    cid = c.store(b"abc", node="node1")["id"]
    assert c.place()["uri"].replace(":80/", "/") == "http://cdn.invalid/store"
    assert c.record(cid)["uri"].removesuffix(":80") == "http://cdn.invalid"
    assert http("GET", c.url + "/nodes/").json()["nodes"] == {
        "dist": {"host": "cdn.invalid", "port": 81}, "node1": {"host": "cdn.invalid", "port": 80}}


def test_public_host_replaces_every_host(new_cdn):
    c = new_cdn(nodes=1, env={"CDN_PUBLIC_HOST": "198.51.100.7"})
    assert c.place()["uri"] == f"http://198.51.100.7:{c.ports['node1']}/store"


def test_a_node_that_never_answered_is_down(new_cdn):
    c = new_cdn(nodes=1, keys={"node9": {"port": free_port()}})
    wait_for("node9 is down",
             lambda: http("GET", c.url + "/stats/").json()["stats"]["node9"]["status"] == "DOWN")
