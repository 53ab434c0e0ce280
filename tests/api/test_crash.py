"""What is true after a program died, an answer was lost, or dist was away."""
import secrets
import signal
import socket
import subprocess
import threading

import pytest

from cluster import Proxy, free_port, http, wait_for


def is_registration(request):
    return request.startswith((b"POST /content", b"PUT /content"))


class Loser(Proxy):
    """A proxy before dist that loses the answer of the first registration (`count` of them)."""

    def __init__(self, port, count=1):
        self.left = count
        super().__init__(port, self.judge)

    def judge(self, request):
        if is_registration(request) and self.left:
            self.left -= 1
            return "drop"
        return None


def behind_proxy(new_cdn, kind, proxy_class=Loser, **kw):
    """A CDN of one node that talks to dist through a proxy: (CDN, proxy)."""
    dist = free_port()
    proxy = proxy_class(dist)
    c = new_cdn(kind, nodes=1, ports={"dist": dist}, node_args=[f"--dist={proxy.url}"], **kw)
    return c, proxy


def tmp_files(c, name="node1"):
    return list((c.tmp / name / "tmp").glob("*"))


def half_upload(c, cid=None, node="node1", length=5_000_000):
    """A connection with half an upload sent."""
    s = socket.create_connection(("127.0.0.1", c.ports[node]))
    what = f"PUT /update/{cid}" if cid else "POST /store/?filename=half"
    s.sendall(f"{what} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode() + b"h" * (length // 2))
    wait_for("the bytes arrive", lambda: any(p.stat().st_size > 1_000_000 for p in tmp_files(c, node)))
    return s


def test_a_node_killed_in_the_middle_of_an_upload(new_cdn, driver):
    c = new_cdn(driver, nodes=1)
    kept = secrets.token_bytes(100_000)
    cid = c.store(kept, "kept")["id"]
    with half_upload(c):
        c.kill("node1")
    c.start("node1")
    assert tmp_files(c) == []
    assert c.check_account("node1")["storage"] == len(kept)
    assert c.fetch(cid).content == kept
    assert [r["id"] for r in http("GET", c.url + "/content/").json()] == [cid]


def test_a_node_killed_in_the_middle_of_an_update(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"old")["id"]
    with half_upload(c, cid):
        c.kill("node1")
    c.start("node1")
    assert c.check_account("node1")["storage"] == 3
    assert c.fetch(cid).content == b"old"


def test_a_client_that_leaves_in_the_middle_leaves_nothing(new_cdn):
    c = new_cdn(nodes=1)
    half_upload(c).close()
    wait_for("the bytes go", lambda: not tmp_files(c) and c.stats("node1")["reserved"] == 0)
    assert c.check_account("node1")["storage"] == 0


def test_a_node_killed_again_and_again_under_uploads(new_cdn):
    """Every upload that was answered is there, every account is right."""
    c = new_cdn(nodes=1)
    answered, stop = {}, threading.Event()

    def uploads():
        import requests
        while not stop.is_set():
            data = secrets.token_bytes(50_000)
            try:
                r = http("POST", c.base("node1") + "/store/", data=data, timeout=10)
            except requests.RequestException:
                continue
            if r.status_code == 200:
                answered[r.json()["id"]] = data
    threads = [threading.Thread(target=uploads) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        for _ in range(4):
            before = len(answered)
            wait_for("uploads go on", lambda b=before: len(answered) > b + 3)
            c.kill("node1")
            c.launch("node1")
            c.wait_healthy("node1")
    finally:
        stop.set()
        for t in threads:
            t.join()
    c.restart("node1")
    wait_for("nothing is pending", lambda: not tmp_files(c))
    assert all(c.fetch(cid).content == data for cid, data in answered.items())
    known = http("GET", c.url + "/content/", params={"limit": 1000}).json()
    assert c.check_account("node1")["contents"] == len(known)


def test_dist_away_is_503_and_no_bytes_stay(new_cdn):
    c = new_cdn(nodes=1)
    c.stop("dist")
    r = http("POST", c.base("node1") + "/store/", data=b"x" * 1000)
    assert r.status_code == 503
    assert r.json()["message"]
    assert tmp_files(c) == []
    assert c.check_account("node1")["storage"] == 0


def test_dist_away_and_an_update_keeps_the_old_bytes(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"old")["id"]
    c.stop("dist")
    assert http("PUT", f"{c.base('node1')}/update/{cid}", data=b"new").status_code == 503
    c.start("dist")
    assert c.fetch(cid).content == b"old"
    assert c.check_account("node1")["storage"] == 3


def test_dist_away_and_a_delete_deletes_nothing(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"old")["id"]
    c.stop("dist")
    assert http("DELETE", f"{c.base('node1')}/delete/{cid}").status_code == 503
    c.start("dist")
    assert c.fetch(cid).content == b"old"


def test_dist_away_and_reads_at_the_node_go_on(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"abc")["id"]
    c.stop("dist")
    assert http("GET", f"{c.base('node1')}/retrieve/{cid}").content == b"abc"


def test_dist_away_for_a_moment_is_waited_for(new_cdn):
    c = new_cdn(nodes=1, env={"DIST_TIMEOUT": "20"})
    c.stop("dist")
    answers = []
    t = threading.Thread(target=lambda: answers.append(http("POST", c.base("node1") + "/store/", data=b"abc")))
    t.start()
    wait_for("the upload waits", lambda: any(p.name.startswith("pending") for p in tmp_files(c)))
    c.start("dist")
    t.join()
    assert answers[0].status_code == 200
    assert c.fetch(answers[0].json()["id"]).content == b"abc"


def test_the_answer_of_a_registration_is_lost(new_cdn, driver):
    """The node asks again with the same stamp: one record, and the client sees nothing of it."""
    c, proxy = behind_proxy(new_cdn, driver)
    r = http("POST", c.base("node1") + "/store/", params={"filename": "once"}, data=b"abc")
    assert proxy.dropped == 1
    assert r.status_code == 200
    assert [x["id"] for x in http("GET", c.url + "/content/").json()] == [r.json()["id"]]
    assert c.fetch(r.json()["id"]).content == b"abc"
    assert c.check_account("node1")["contents"] == 1
    proxy.close()


def test_the_answer_of_an_update_is_lost(new_cdn, driver):
    c, proxy = behind_proxy(new_cdn, driver, lambda port: Loser(port, 0))
    cid = c.store(b"old", node="node1")["id"]
    proxy.left = 1
    assert http("PUT", f"{c.base('node1')}/update/{cid}", data=b"new!").status_code == 200
    assert proxy.dropped == 1
    assert c.fetch(cid).content == b"new!"
    assert c.check_account("node1")["storage"] == 4
    proxy.close()


def test_dist_killed_between_record_and_answer(new_cdn, driver):
    """kill -9 of dist right after its commit; it comes back, and the upload is answered."""
    c, proxy = behind_proxy(new_cdn, driver, env={"DIST_TIMEOUT": "30"})

    def crash():
        c.kill("dist")
        c.launch("dist")
    proxy.after_drop = crash
    r = http("POST", c.base("node1") + "/store/", params={"filename": "once"}, data=b"abc", timeout=60)
    assert r.status_code == 200, r.text
    c.wait_healthy("dist")
    c.wait_status("node1")
    assert [x["id"] for x in http("GET", c.url + "/content/").json()] == [r.json()["id"]]
    assert c.fetch(r.json()["id"]).content == b"abc"
    assert c.check_account("node1")["contents"] == 1
    proxy.close()


def test_dist_killed_after_the_record_of_an_upload_and_away_for_long(new_cdn, driver):
    """503 to the client; once dist is back a new content is taken back, and no bytes stay."""
    c, proxy = behind_proxy(new_cdn, driver, env={"DIST_TIMEOUT": "2"})
    proxy.after_drop = lambda: c.kill("dist")
    r = http("POST", c.base("node1") + "/store/", params={"filename": "maybe"}, data=b"abc")
    assert r.status_code == 503
    c.start("dist")
    c.wait_status("node1")
    wait_for("it is settled", lambda: not tmp_files(c))
    records = wait_for("node and register agree", lambda: [http("GET", c.url + "/content/").json()] if len(
        http("GET", c.url + "/content/").json()) == c.stats("node1")["contents"] else None)[0]
    assert records == []
    c.check_account("node1")
    proxy.close()


def test_dist_killed_after_the_record_of_an_update_and_away_for_long(new_cdn, driver):
    """503 to the client; once dist is back the registered replacement is served."""
    c, proxy = behind_proxy(new_cdn, driver, lambda port: Loser(port, 0), env={"DIST_TIMEOUT": "2"})
    cid = c.store(b"old", node="node1")["id"]
    proxy.left, proxy.after_drop = 1, lambda: c.kill("dist")
    assert http("PUT", f"{c.base('node1')}/update/{cid}", data=b"newer").status_code == 503
    c.start("dist")
    c.wait_status("node1")
    wait_for("it is settled", lambda: not tmp_files(c))
    assert c.fetch(cid).content == b"newer"
    assert c.check_account("node1")["storage"] == 5
    proxy.close()


def test_node_killed_after_the_record(new_cdn, driver):
    """kill -9 of the node while it waits for dist's answer: the next start publishes what is registered."""
    c, proxy = behind_proxy(new_cdn, driver, env={"DIST_TIMEOUT": "30"})
    proxy.after_drop = lambda: c.kill("node1")
    with pytest.raises(Exception, match="(?i)connection|remote|aborted"):
        http("POST", c.base("node1") + "/store/", params={"filename": "there"}, data=b"abc")
    records = http("GET", c.url + "/content/").json()
    assert len(records) == 1
    c.start("node1")
    wait_for("it is settled", lambda: not tmp_files(c))
    assert c.fetch(records[0]["id"]).content == b"abc"
    assert c.check_account("node1")["contents"] == 1
    proxy.close()


def test_node_killed_before_the_record(new_cdn, driver):
    """The registration never arrived: the next start drops the bytes."""
    c, proxy = behind_proxy(new_cdn, driver, lambda port: Proxy(port), env={"DIST_TIMEOUT": "30"})
    seen = threading.Event()

    def judge(request):
        if is_registration(request):
            seen.set()
            return "refuse"
        return None
    proxy.on_request = judge
    t = threading.Thread(target=lambda: pytest.raises(Exception, http, "POST", c.base("node1") + "/store/", data=b"abc"))
    t.start()
    assert seen.wait(20)
    c.kill("node1")
    t.join()
    proxy.on_request = None
    c.start("node1")
    wait_for("it is settled", lambda: not tmp_files(c))
    assert http("GET", c.url + "/content/").json() == []
    assert c.check_account("node1")["storage"] == 0
    proxy.close()


def test_a_restart_of_everything_keeps_everything(new_cdn, driver):
    c = new_cdn(driver)
    data = {f"f{i}": secrets.token_bytes(1000 * i) for i in range(12)}
    ids = {n: c.store(d, n)["id"] for n, d in data.items()}
    c.fs({"op": "mkdir", "dir": 1, "name": "d", "mode": 0o750, "uid": 3, "gid": 4})
    before = http("GET", c.url + "/content/").json()
    for name in c.names:
        c.stop(name)
    for name in c.names:
        c.start(name)
    assert http("GET", c.url + "/content/").json() == before
    assert all(c.fetch(ids[n]).content == d for n, d in data.items())
    assert c.fs({"op": "lookup", "dir": 1, "name": "d"})[0]["attr"]["mode"] == 0o40750
    for n in c.node_names:
        c.check_account(n)


def test_kill_of_everything_keeps_what_was_answered(new_cdn, driver):
    c = new_cdn(driver)
    data = {f"f{i}": secrets.token_bytes(5000) for i in range(12)}
    ids = {n: c.store(d, n)["id"] for n, d in data.items()}
    for name in c.names:
        c.kill(name)
    for name in c.names:
        c.start(name)
    assert all(c.fetch(ids[n]).content == d for n, d in data.items())
    for n in c.node_names:
        c.check_account(n)


def test_dist_goes_on_after_its_connections_were_cut(new_cdn, pg):
    c = new_cdn("postgres", nodes=1)
    cid = c.store(b"abc")["id"]
    subprocess.run(["psql", "-q", pg.url, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "pid <> pg_backend_pid() AND backend_type = 'client backend'"], check=True, stdout=subprocess.DEVNULL)
    assert c.record(cid)["size"] == 3
    assert c.store(b"abcd")["size"] == 4


def test_sigterm_finishes_what_was_asked(new_cdn):
    """A node told to stop in the middle of an upload either finishes it or refuses it, and ends with status 0."""
    c = new_cdn(nodes=1)
    s = half_upload(c)
    c.processes["node1"].kill(signal.SIGTERM)
    s.close()
    assert c.processes["node1"].wait() == 0
    c.start("node1")
    assert tmp_files(c) == []
    c.check_account("node1")
