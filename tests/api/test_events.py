"""dist: GET fs/events. Who listens is told of every change of others before the change is answered."""
import contextlib
import secrets
import threading

import pytest

from cluster import http, new_stamp, wait_for

ROOT = 1


class Listener:
    """A mount's channel, by hand: poll() acknowledges what the last one was told."""

    def __init__(self, url):
        self.url = url + "/fs/events"
        self.session = secrets.token_hex(16)
        self.last = 0
        wait_for("dist to hear the others on its database", lambda: http(
            "GET", self.url, params={"session": self.session}).status_code != 503)

    def poll(self):
        r = http("GET", self.url, params={"session": self.session, "after": self.last})
        assert r.status_code == 200, r.text
        told = r.json()
        self.last = told["last"]
        return {"reset": told["reset"], "changes": told["changes"]}

    def hear(self):
        """Polls until there is news."""
        while True:
            told = self.poll()
            if told["reset"] or told["changes"]:
                return told["changes"]

    def close(self):
        http("DELETE", self.url, params={"session": self.session})


@pytest.fixture
def listen(cdn):
    with contextlib.ExitStack() as all_of_them:
        def make():
            one = Listener(cdn.url)
            all_of_them.callback(one.close)
            return one
        yield make


@pytest.fixture
def top(cdn):
    """A new directory, made while nobody listens."""
    return cdn.fs(mk("mkdir", ROOT, "t" + secrets.token_hex(8), 0o755))[0]["attr"]["id"]


def mk(op, directory, name, mode=0o644, **kw):
    return {"op": op, "dir": directory, "name": name, "mode": mode, "uid": 7, "gid": 8, **kw}


class Change(threading.Thread):
    """Something that is done while others listen: `answer` is there when they know."""

    def __init__(self, do):
        super().__init__()
        self.do, self.answer, self.error = do, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.do()
        except BaseException as e:  # seen by whoever asks for the answer
            self.error = e

    def known(self):
        """Waits for its answer."""
        self.join()
        if self.error:
            raise self.error
        return self.answer


def told(listener, do):
    """What a listener is told of what do() changes; it hears of it before do() is answered."""
    change = Change(do)
    changes = listener.hear()
    assert change.is_alive(), "it was answered before everybody knew"
    ack = threading.Thread(target=listener.poll)  # acknowledges
    ack.start()
    answer = change.known()
    ack.join()
    return changes, answer


def test_a_new_name(cdn, listen, top):
    changes, _ = told(listen(), lambda: cdn.fs(mk("create", top, "f")))
    assert {"dir": top, "name": "f"} in changes
    assert {"id": top} in changes  # its times


def test_a_removed_name(cdn, listen, top):
    cid = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    changes, _ = told(listen(), lambda: cdn.fs({"op": "unlink", "dir": top, "name": "f"}))
    assert {"dir": top, "name": "f"} in changes
    assert {"id": cid} in changes


def test_a_renamed_name_and_what_it_replaced(cdn, listen, top):
    a = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    b = cdn.fs(mk("create", top, "b"))[0]["attr"]["id"]
    changes, _ = told(listen(), lambda: cdn.fs(
        {"op": "rename", "dir": top, "name": "a", "todir": top, "toname": "b", "flags": ""}))
    for one in ({"dir": top, "name": "a"}, {"dir": top, "name": "b"}, {"id": a}, {"id": b}, {"id": top}):
        assert one in changes


def test_changed_attributes(cdn, listen, top):
    cid = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    changes, _ = told(listen(), lambda: cdn.fs({"op": "setattr", "id": cid, "mode": 0o600}))
    assert changes == [{"id": cid}]


def test_names_are_told_as_bytes(cdn, listen, top):
    changes, _ = told(listen(), lambda: cdn.fs(mk("create", top, "a%FFb%25")))
    assert {"dir": top, "name": "a%FFb%25"} in changes


def test_an_upload_by_rest(cdn, listen):
    name = secrets.token_hex(8)
    changes, _ = told(listen(), lambda: cdn.store(b"bytes", name=name))
    assert {"dir": ROOT, "name": name} in changes


def test_an_update_by_rest(cdn, listen):
    cid = cdn.store(b"old", name=secrets.token_hex(8))["id"]
    uri = http("GET", f"{cdn.url}/update/{cid}").json()["uri"]
    changes, r = told(listen(), lambda: http("PUT", f"{uri}/{cid}", data=b"new", params={"stamp": new_stamp()}))
    assert r.status_code == 200
    assert {"id": cid} in changes


def test_a_deletion_by_rest(cdn, listen, top):
    cid = cdn.store(b"old", name=secrets.token_hex(8))["id"]
    cdn.fs({"op": "link", "id": cid, "dir": top, "name": "other"})
    name = cdn.record(cid)["filename"]
    changes, r = told(listen(), lambda: http("DELETE", f"{cdn.url}/content/{cid}"))
    assert r.status_code == 200
    for one in ({"dir": ROOT, "name": name}, {"dir": top, "name": "other"}, {"id": cid}, {"id": ROOT}, {"id": top}):
        assert one in changes


def test_a_deletion_by_path(cdn, listen):
    name = secrets.token_hex(8)
    cdn.store(b"old", name=name)
    changes, r = told(listen(), lambda: cdn.files(name, "DELETE"))
    assert r.status_code == 200
    assert {"dir": ROOT, "name": name} in changes


def test_one_batch_is_told_at_once(cdn, listen, top):
    changes, _ = told(listen(), lambda: cdn.fs(mk("create", top, "a"), mk("create", top, "b")))
    assert {"dir": top, "name": "a"} in changes
    assert {"dir": top, "name": "b"} in changes


def test_what_failed_is_not_told(cdn, listen, top):
    one = listen()
    cdn.fs({"op": "unlink", "dir": top, "name": "nowhere"})  # answered although nobody polls
    changes, _ = told(one, lambda: cdn.fs(mk("create", top, "f")))
    assert {"dir": top, "name": "nowhere"} not in changes


def test_reading_waits_for_nobody(cdn, listen, top):
    listen()
    assert "attr" in cdn.fs({"op": "getattr", "id": top})[0]


def mine(listener):
    return {"X-Session": listener.session}


def test_nobody_is_told_of_his_own(cdn, listen, top):
    one = listen()
    own = http("POST", cdn.url + "/fs", json={"ops": [mk("create", top, "own")]}, headers=mine(one))
    assert own.status_code == 200  # and it did not wait for its own mount
    changes, _ = told(one, lambda: cdn.fs(mk("create", top, "other")))
    assert {"dir": top, "name": "own"} not in changes


def test_an_upload_says_for_whom_it_is(cdn, listen, top):
    """From the mount through the node to dist: it is answered although the mount does not poll."""
    one = listen()
    cid = http("POST", cdn.url + "/fs", json={"ops": [mk("create", top, "f")]},
               headers=mine(one)).json()["results"][0]["attr"]["id"]
    uri = http("GET", f"{cdn.url}/update/{cid}").json()["uri"]
    r = http("PUT", f"{uri}/{cid}", data=b"bytes", params={"stamp": new_stamp()}, headers=mine(one))
    assert r.status_code == 200
    changes, _ = told(one, lambda: cdn.fs(mk("create", top, "other")))
    assert {"id": cid} not in changes


def test_all_who_listen_have_to_know(cdn, listen, top):
    first, second = listen(), listen()
    change = Change(lambda: cdn.fs(mk("create", top, "f")))
    assert {"dir": top, "name": "f"} in first.hear()
    ack = threading.Thread(target=first.poll)
    ack.start()
    assert {"dir": top, "name": "f"} in second.hear()
    assert change.is_alive()
    second.close()  # who has ended knows nothing, and need not be told
    change.known()
    ack.join()


def test_who_is_silent_is_not_waited_for_for_long(cdn, listen, top):
    one = listen()
    cdn.fs(mk("create", top, "f"))  # ends when the lease does
    assert one.poll()["reset"]


def test_a_repeated_batch_is_answered_when_its_change_is_known(cdn, listen, top):
    one = listen()
    batch = {"session": secrets.token_hex(8), "slot": 0, "seq": 1, "host": "h"}
    first = Change(lambda: cdn.fs(mk("create", top, "f"), **batch))
    assert {"dir": top, "name": "f"} in one.hear()
    again = Change(lambda: cdn.fs(mk("create", top, "f"), **batch))
    ack = threading.Thread(target=one.poll)
    ack.start()
    assert first.known() == again.known()
    ack.join()


def test_mounts_that_change_one_directory_do_not_wait_for_one_another(cdn, listen, top):
    """Each is told of the other's while its own is not answered yet."""
    mounts = [listen(), listen()]
    changes = [Change(lambda m=m, i=i: http("POST", cdn.url + "/fs", json={"ops": [mk("mkdir", top, f"d{i}", 0o755)]},
                                            headers=mine(m))) for i, m in enumerate(mounts)]
    heard = [m.hear() for m in mounts]
    acks = [threading.Thread(target=m.poll) for m in mounts]
    for a in acks:
        a.start()
    assert [c.known().status_code for c in changes] == [200, 200]
    assert {"dir": top, "name": "d1"} in heard[0]
    assert {"dir": top, "name": "d0"} in heard[1]
    for a in acks:
        a.join()


def test_a_poll_whose_client_has_gone_harms_nobody(cdn, listen, top):
    one = listen()
    with pytest.raises(Exception):  # noqa: B017  (requests' own, of several kinds)
        http("GET", one.url, params={"session": one.session, "after": one.last}, timeout=0.2)
    changes, _ = told(one, lambda: cdn.fs(mk("create", top, "f")))
    assert {"dir": top, "name": "f"} in changes


@pytest.mark.parametrize("query,status,word", [
    ("", 400, "session"),
    ("session=", 400, "session"),
    ("session=a%20b", 400, "session"),
    ("session=" + "x" * 65, 400, "session"),
    ("session=nobody&after=-1", 400, "after"),
    ("session=nobody&after=x", 400, "after"),
    ("session=nobody&after=9007199254740992", 400, "after"),
])
def test_a_bad_poll_is_refused(cdn, query, status, word):
    r = http("GET", f"{cdn.url}/fs/events?{query}")
    assert r.status_code == status
    assert r.json()["message"].startswith(word + ":")


def test_a_number_to_come_is_refused(cdn, listen):
    one = listen()
    r = http("GET", one.url, params={"session": one.session, "after": 1 << 50})
    assert r.status_code == 400
    assert r.json()["message"].startswith("after:")


@pytest.mark.parametrize("query,status", [("", 400), ("session=nobody", 404), ("session=a%2Fb", 400)])
def test_a_bad_end_is_refused(cdn, query, status):
    assert http("DELETE", f"{cdn.url}/fs/events?{query}").status_code == status


def test_events_are_not_looked_at_or_put(cdn):
    assert http("HEAD", f"{cdn.url}/fs/events?session=x").status_code == 405
    assert http("PUT", f"{cdn.url}/fs/events?session=x").status_code == 405


def test_a_bad_session_of_a_change_is_nobodys(cdn, listen, top):
    one = listen()
    changes, r = told(one, lambda: http("POST", cdn.url + "/fs", json={"ops": [mk("create", top, "f")]},
                                        headers={"X-Session": "a b"}))
    assert r.status_code == 200
    assert {"dir": top, "name": "f"} in changes


def test_dist_forgets_who_listened_when_it_ends(new_cdn):
    cdn = new_cdn()
    one = Listener(cdn.url)
    poll = Change(lambda: http("GET", one.url, params={"session": one.session, "after": one.last}))
    cdn.stop("dist")  # and does not wait for the poll
    with contextlib.suppress(OSError):  # it may have come too late
        r = poll.known()
        assert r.status_code == 503 or (r.json()["reset"] and r.json()["lease"] == 0)
    cdn.start("dist")
    assert one.poll()["reset"]


def test_it_needs_the_token(new_cdn):
    cdn = new_cdn(env={"CDN_TOKEN": "secret"})
    url = f"{cdn.url}/fs/events?session=x"
    assert http("GET", url).status_code == 401
    assert http("DELETE", url).status_code == 401
    key = {"Authorization": "Bearer secret"}
    assert http("GET", url, headers=key).json()["reset"]
    assert http("DELETE", url, headers=key).status_code == 200


def test_what_waits_is_counted(cdn, listen, top):
    def figure(name):
        for line in http("GET", cdn.url + "/metrics").text.splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
        raise AssertionError(name)

    one = listen()
    assert figure("cdn_listeners") >= 1
    change = Change(lambda: cdn.fs(mk("create", top, "f")))
    wait_for("a change that waits", lambda: figure("cdn_changes_waiting") == 1 or not change.is_alive())
    one.close()
    change.known()
    assert figure("cdn_changes_waiting") == 0
    assert figure("cdn_changes_total") >= 1
