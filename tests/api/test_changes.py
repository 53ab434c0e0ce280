"""Lists of changes (PATCH update/{id}): what they do, what is refused, and that each is applied once whatever dies."""
import random
import re
import secrets
import threading

import pytest

from cluster import Proxy, free_port, http, new_stamp, wait_for

OLD = b"0123456789" * 100
LONGEST = (1 << 44) - 4096  # what ext4 holds


def patch(c, cid, body, node=None, expect=200, **params):
    """Sends a list to the node that has the content; the answer's JSON."""
    base = c.base(node) if node else http("GET", f"{c.url}/retrieve/{cid}").json()["uri"]
    r = http("PATCH", f"{base}/update/{cid}", data=body, params=params)
    assert r.status_code == expect, (r.status_code, r.text)
    return r.json()


def patch_until_taken(c, cid, body, node=None, **params):
    """As a client that comes again after a 503: the node settles what it found at its start, or others are quicker."""
    stamp, answer = params.pop("stamp", None) or new_stamp(), []

    def once():
        base = c.base(node) if node else http("GET", f"{c.url}/retrieve/{cid}").json()["uri"]
        r = http("PATCH", f"{base}/update/{cid}", data=body, params={"stamp": stamp, **params})
        assert r.status_code in (200, 503), (r.status_code, r.text)
        answer[:] = [r.json()]
        return r.status_code == 200
    wait_for("the list is taken", once)
    return answer[0]


def bytes_of(c, cid):
    r = c.fetch(cid)
    assert r.status_code == 200, r.text
    return r.content


def tmp_files(c, name="node1"):
    return list((c.tmp / name / "tmp").glob("*"))


@pytest.mark.parametrize("body, want", [
    (b"write 3 2\nab", b"012ab" + OLD[5:]),
    (b"write 1000 3\nend", OLD + b"end"),
    (b"write 1002 3\nend", OLD + b"\0\0end"),
    (b"append 3\nend", OLD + b"end"),
    (b"append 1\na" b"write 0 1\nX" b"append 1\nb", b"X" + OLD[1:] + b"ab"),
    (b"truncate 7\n", OLD[:7]),
    (b"truncate 0\n", b""),
    (b"truncate 1005\n", OLD + bytes(5)),
    (b"grow 1005\n", OLD + bytes(5)),
    (b"grow 7\n", OLD),
    (b"zero 10 900\n", OLD[:10] + bytes(900) + OLD[910:]),
    (b"zero 990 20\n", OLD[:990] + bytes(20)),
    (b"truncate 5\nwrite 8 1\nxgrow 12\nappend 2\nyz", OLD[:5] + bytes(3) + b"x" + bytes(3) + b"yz"),
    (b"write 0 5\nwrite" b"append 8\nwrite 1\n", b"write" + OLD[5:] + b"write 1\n"),
], ids=range(14))
def test_what_each_change_does(cdn, body, want):
    cid = cdn.store(OLD)["id"]
    was = cdn.record(cid)
    got = patch(cdn, cid, body, stamp=new_stamp())
    assert got["size"] == len(want) and got["base"] == was["stamp"]
    assert bytes_of(cdn, cid) == want
    now = cdn.record(cid)
    assert (now["stamp"], now["size"], now["etag"]) == (got["stamp"], len(want), got["etag"])
    assert (now["filename"], now["content_type"]) == (was["filename"], was["content_type"])


def test_a_renamed_file_keeps_its_name(cdn):
    name = f"before-{secrets.token_hex(4)}"
    cid = cdn.store(OLD, name)["id"]
    cdn.fs({"op": "rename", "dir": 1, "name": name, "todir": 1, "toname": name + "-after", "flags": ""})
    patch(cdn, cid, b"append 1\n!")
    assert [e.get("errno") for e in cdn.fs({"op": "lookup", "dir": 1, "name": name}, {"op": "lookup", "dir": 1, "name": name + "-after"})] == ["ENOENT", None]
    assert f"{name}-after" in cdn.fetch(cid).headers["Content-Disposition"]


def test_random_lists_against_a_model(cdn):
    rng = random.Random(11)
    model = bytearray(rng.randbytes(300_000))
    cid = cdn.store(bytes(model))["id"]
    for _ in range(15):
        body = b""
        for _ in range(rng.randrange(1, 30)):
            off, n = rng.randrange(400_000), rng.randrange(1, 30_000)
            what = rng.choice(["write", "append", "zero", "truncate", "grow"])
            data = rng.randbytes(n)
            if what == "append":
                body += b"append %d\n" % n + data
                model += data
            elif what == "truncate":
                body += b"truncate %d\n" % off
                model = model[:off] + bytes(max(0, off - len(model)))
            elif what == "grow":
                body += b"grow %d\n" % off
                model += bytes(max(0, off - len(model)))
            else:
                body += b"%s %d %d\n" % (what.encode(), off, n) + (data if what == "write" else b"")
                model += bytes(max(0, off + n - len(model)))
                model[off:off + n] = data if what == "write" else bytes(n)
        patch(cdn, cid, body)
        assert bytes_of(cdn, cid) == model


def test_copy_moves_bytes_on_the_node(cdn):
    source = cdn.store(OLD, node="node1")
    cid = cdn.store(b"target", node="node1")["id"]
    stamp = cdn.record(source["id"])["stamp"]
    patch(cdn, cid, f"copy 3 500 {source['id']} {stamp} 100\n".encode())
    assert bytes_of(cdn, cid) == b"tar" + OLD[100:600]


@pytest.mark.parametrize("change", ["copy 0 1001 {id} {stamp} 0\n", "copy 0 1 {id} {stamp} 1000\n",
                                    "copy 0 1 {id} 0123456789abcdef 0\n", "copy 0 1 9007199254740991 {stamp} 0\n"],
                         ids=["longer", "behind", "version", "content"])
def test_copy_of_what_is_not_there(cdn, change):
    source = cdn.store(OLD, node="node1")
    cid = cdn.store(b"target", node="node1")["id"]
    patch(cdn, cid, change.format(**source).encode(), expect=422)
    assert bytes_of(cdn, cid) == b"target"


BAD = [
    b"", b"\n", b"write", b"write 0\n", b"write 0 0\n", b"write 0 1\n", b"write 0 5\nabcd", b"write 0 1\nab", b"write 0 1\nab\n",
    b"write  0 1\na", b"write 0 1 \na", b"write -1 1\na", b"write 00 1\na", b"write 0 01\na", b"write +0 1\na", b"write 0x0 1\na",
    b"Write 0 1\na", b" write 0 1\na", b"write 0 1\r\na", b"write 0 1\0\na", b"write 9007199254740991 1\na",
    b"write 9007199254740992 1\na", b"write 99999999999999999999999 1\na", b"append\n", b"append 0\n", b"append 1\n", b"append 1 1\na",
    b"zero 0 0\n", b"zero 1\n", b"zero 9007199254740991 1\n", b"truncate\n", b"truncate \n", b"truncate 9007199254740992\n",
    b"truncate 1 1\n", b"grow x\n", b"grow 9007199254740992\n", b"copy 0 1 1 0123456789abcdef\n", b"copy 0 1 0 0123456789abcdef 0\n",
    b"copy 0 1 1 0000000000000000 0\n", b"copy 0 1 1 0123456789ABCDEF 0\n", b"copy 0 1 1 0123 0\n", b"copy 0 0 1 0123456789abcdef 0\n",
    b"copy 0 1 1 0123456789abcdef 9007199254740991\n", b"copy 0 1 1 0123456789abcdef0 0\n", b"none 1\n", b"truncate 1\ntruncate 1", b"x" * 5000,
    b"\xff\xfe\n", b"write 0 1\na" + b"\0" * 200,
]


def test_malformed_lists_change_nothing(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(OLD)["id"]
    for body in BAD:
        for data in (body, iter([body[:7], body[7:]]) if len(body) > 7 else body):
            r = http("PATCH", f"{c.base('node1')}/update/{cid}", data=data or None, headers={} if data else {"Content-Length": "0"})
            assert r.status_code == 400 and r.json()["message"], (body[:60], r.status_code, r.text)
    assert bytes_of(c, cid) == OLD
    wait_for("nothing is left", lambda: not tmp_files(c))
    assert c.check_account("node1")["storage"] == len(OLD)


def test_the_number_of_changes_is_limited(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(OLD)["id"]
    patch(c, cid, b"truncate 5\n" * 65537, expect=400)
    patch(c, cid, b"truncate 5\n" * 65536)
    assert bytes_of(c, cid) == OLD[:5]


@pytest.mark.parametrize("params", [{"stamp": "0"}, {"stamp": "0" * 16}, {"base": "x"}, {"base": "0"}, {"base": "8" * 16},
                                    {"mtime": "now"}, {"durable": "2"}], ids=range(7))
def test_wrong_parameters(cdn, params):
    cid = cdn.store(OLD)["id"]
    patch(cdn, cid, b"truncate 1\n", expect=400, **params)
    assert bytes_of(cdn, cid) == OLD


def test_of_a_content_that_does_not_exist(cdn):
    patch(cdn, 999_999, b"truncate 1\n", node="node1", expect=404)
    patch(cdn, 999_999, b"truncate 1\n", node="node1", expect=404, base="0" * 16)


def test_a_content_that_would_get_too_long(cdn):
    cid = cdn.store(OLD, node="node1")["id"]
    patch(cdn, cid, b"truncate %d\nappend 1\na" % LONGEST, expect=413)
    patch(cdn, cid, b"write %d 1\na" % LONGEST, expect=413)
    patch(cdn, cid, b"truncate %d\n" % (LONGEST + 1), expect=413)
    patch(cdn, cid, b"truncate 9007199254740992\n", expect=400)
    assert bytes_of(cdn, cid) == OLD


def test_an_empty_content_takes_changes(cdn):
    r = cdn.fs({"op": "create", "dir": 1, "name": f"empty-{secrets.token_hex(4)}", "mode": 0o644, "uid": 0, "gid": 0})[0]
    cid = r["attr"]["id"]
    got = patch(cdn, cid, b"append 3\nabc", node="node1", stamp=new_stamp())
    assert got["base"] == "0" * 16 and bytes_of(cdn, cid) == b"abc"


def test_changes_sent_to_another_node(new_cdn):
    """It gets the bytes from the node that has them, and has the new version itself."""
    c = new_cdn(nodes=2)
    cid = c.store(OLD, node="node1")["id"]
    patch(c, cid, b"append 3\nabc", node="node2")
    assert bytes_of(c, cid) == OLD + b"abc"
    assert c.record(cid)["node"] == "node2"
    wait_for("the old version goes", lambda: not c.live_files("node1"))
    c.check_account("node1")
    c.check_account("node2")


@pytest.mark.parametrize("base", ["current", "old", "unknown", "empty"])
def test_the_base_that_the_client_names_is_a_hint(cdn, base):
    first = cdn.store(OLD, node="node1")
    cid = first["id"]
    second = patch(cdn, cid, b"append 1\n2", stamp=new_stamp())
    hint = {"current": second["stamp"], "old": first["stamp"], "unknown": new_stamp(), "empty": "0" * 16}[base]
    got = patch(cdn, cid, b"append 1\n3", stamp=new_stamp(), base=hint)
    assert got["base"] == second["stamp"] and bytes_of(cdn, cid) == OLD + b"23"


def test_a_whole_upload_on_another_base_is_refused(cdn):
    first = cdn.store(OLD, node="node1")
    url = f"{cdn.base('node1')}/update/{first['id']}"
    for base in (new_stamp(), "0" * 16):
        r = http("PUT", url, data=b"new", params={"base": base})
        assert r.status_code == 412, r.text
    assert bytes_of(cdn, first["id"]) == OLD
    assert http("PUT", url, data=b"new", params={"base": first["stamp"]}).status_code == 200
    assert bytes_of(cdn, first["id"]) == b"new"


@pytest.mark.parametrize("body", [{"base": 5}, {"base": "x"}, {"once": "yes"}, {"once": True}], ids=range(4))
def test_registration_with_wrong_conditions(cdn, body):
    cid = cdn.store(OLD)["id"]
    assert http("PUT", f"{cdn.url}/content/{cid}", json=body).status_code == 400
    assert bytes_of(cdn, cid) == OLD


def test_the_same_stamp_is_applied_once(cdn):
    cid = cdn.store(OLD, node="node1")["id"]
    stamp = new_stamp()
    first = patch(cdn, cid, b"append 1\n1", stamp=stamp)
    again = patch(cdn, cid, b"append 1\n1", stamp=stamp)
    assert again["stamp"] == stamp and again["etag"] == first["etag"] and "base" not in again
    patch(cdn, cid, b"append 1\n2")
    later = patch(cdn, cid, b"append 1\n1", stamp=stamp)
    assert "base" not in later and later["stamp"] == cdn.record(cid)["stamp"]
    assert bytes_of(cdn, cid) == OLD + b"12"


def test_the_same_stamp_at_two_nodes_is_applied_once(new_cdn, driver):
    c = new_cdn(driver, nodes=2)
    cid = c.store(OLD, node="node1")["id"]
    stamp = new_stamp()
    for node in ("node1", "node2", "node1"):
        patch(c, cid, b"append 1\n1", node=node, stamp=stamp)
    assert bytes_of(c, cid) == OLD + b"1"
    assert len(c.live_files("node1") + c.live_files("node2")) == 1
    for node in ("node1", "node2"):
        c.check_account(node)


def test_changes_of_many_at_once_are_all_there(cdn):
    cid = cdn.store(bytes(8 * 20), node="node1")["id"]

    def change(which):
        for i in range(20):
            body = b"write %d 1\n%d" % (which * 20 + i, which) + b"append 4\n<%d%c>" % (which, 97 + i)
            node = "node2" if which == 7 and i % 5 == 0 else None  # the copy moves under the others' hands
            patch_until_taken(cdn, cid, body, node=node)

    threads = [threading.Thread(target=change, args=(w,)) for w in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    got = bytes_of(cdn, cid)
    assert got[:160] == b"".join(b"%d" % w * 20 for w in range(8))
    tail = got[160:]
    assert sorted(re.findall(rb"<(\d[a-t])>", tail)) == sorted(b"%d%c" % (w, 97 + i) for w in range(8) for i in range(20))
    assert len(tail) == 4 * 160


def test_no_room_leaves_nothing(new_cdn):
    c = new_cdn(nodes=1, max_storage="1M")
    cid = c.store(bytes(700_000))["id"]
    patch(c, cid, b"append 3\nabc", expect=507)
    assert len(bytes_of(c, cid)) == 700_000
    wait_for("nothing is left", lambda: not tmp_files(c))
    assert c.check_account("node1")["storage"] == 700_000


class Gate(Proxy):
    """A proxy before dist. `deed` is done once, when a registration comes: before it is passed on, or when its answer is there,
    which then gets lost."""

    def __init__(self, port, when, deed):
        self.when, self.deed, self.armed = when, deed, False
        super().__init__(port, self.judge)
        self.after_drop = deed

    def judge(self, request):
        if not self.armed or not request.startswith(b"PUT /content"):
            return None
        self.armed = False
        if self.when == "after":
            return "drop"
        self.deed()
        return "refuse"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "others"])
def test_a_node_killed_around_the_registration(new_cdn, driver, when, others):
    """The client sends its list again, with the same stamp, and it is applied once."""
    dist = free_port()
    gate = Gate(dist, when, lambda: c.kill("node1"))
    c = new_cdn(driver, nodes=1, ports={"dist": dist}, node_args=[f"--dist={gate.url}"])
    cid = c.store(OLD)["id"]
    stamp = new_stamp()
    gate.armed = True
    with pytest.raises(OSError):
        http("PATCH", f"{c.base('node1')}/update/{cid}", data=b"append 4\nonce", params={"stamp": stamp})
    c.start("node1")
    want = OLD + b"once"
    if others:
        patch_until_taken(c, cid, b"append 5\nother", stamp=new_stamp())
        want = OLD + (b"onceother" if when == "after" else b"otheronce")
    patch_until_taken(c, cid, b"append 4\nonce", stamp=stamp)
    assert bytes_of(c, cid) == want
    wait_for("all is settled", lambda: not tmp_files(c))
    assert c.check_account("node1")["storage"] == len(want)
    gate.close()


def test_a_lost_answer_is_asked_for_again(new_cdn, driver):
    dist = free_port()
    gate = Gate(dist, "after", lambda: None)
    c = new_cdn(driver, nodes=1, ports={"dist": dist}, node_args=[f"--dist={gate.url}"])
    cid = c.store(OLD)["id"]
    gate.armed = True
    patch(c, cid, b"append 4\nonce", node="node1")
    assert gate.dropped == 1 and bytes_of(c, cid) == OLD + b"once"
    c.check_account("node1")
    gate.close()


def test_dist_away(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(OLD)["id"]
    c.stop("dist")
    patch(c, cid, b"append 4\nonce", node="node1", expect=503)
    c.start("dist")
    assert bytes_of(c, cid) == OLD
    wait_for("nothing is left", lambda: not tmp_files(c))
    c.check_account("node1")
