"""TLS on every server and client: all of it works, and what cannot be trusted is refused with the reason."""
import contextlib
import http.client
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests

from authority import openssl
from cluster import BIN, PATIENCE, Cluster, Tunnel, etag_of, free_port, http as ask, raw, read_answer, status_of, wait_for
from harness import Process, clean_env

LARGE = random.Random(11).randbytes(64 << 20)
TOKEN = "s3cret-token"


@pytest.fixture(scope="module", autouse=True)
def trust(authority):
    """The tests' own requests trust the authority."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
        yield


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory):
    """A CDN that speaks TLS everywhere."""
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=2, max_storage="2G", tls=authority)
    yield one
    one.close()


@pytest.fixture(autouse=True)
def no_findings(request):
    yield
    if "tls" in request.fixturenames:
        request.getfixturevalue("tls").check()


@pytest.fixture
def new_tls(authority, tmp_path):
    """new_tls(nodes=1, …): one of the test's own."""
    with contextlib.ExitStack() as made:
        def make(**kw):
            one = Cluster(tmp_path / "cdn", **{"tls": authority, "nodes": 1, "env": {"DIST_TIMEOUT": "2"}, **kw})
            made.callback(one.close)
            return one
        yield make


def ctl(*args, ca=None, env=None):
    return subprocess.run([BIN / "cdnctl", *([f"--ca-file={ca}"] if ca else []), *map(str, args)], text=True, check=False,
                          capture_output=True, timeout=120, env=clean_env(**(env or {})))


def connect(port, context, patience=2 * PATIENCE):
    """A TLS connection to 127.0.0.1:port."""
    s = socket.create_connection(("127.0.0.1", port), timeout=patience)
    try:
        return context.wrap_socket(s, server_hostname="127.0.0.1")
    except BaseException:
        s.close()
        raise


def client_hello(context):
    """The first message of a handshake."""
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(come, go, server_hostname="127.0.0.1").do_handshake()
    return go.read()


class Stub:
    """A TLS server that answers every request with an empty JSON object, by a context of its own."""

    def __init__(self, cert, key, newest=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        if newest:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
            self.context.minimum_version, self.context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        self.answered = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), client, self.context.wrap_socket(client, server_side=True) as s:
                if read_answer(s):
                    self.answered += 1

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


# --- all of it works ---


def test_every_uri_is_https(tls):
    cid = tls.store(b"where")["id"]
    nodes = ask("GET", tls.url + "/nodes/").json()["nodes"]
    assert tls.place()["uri"] in [tls.base(n) + "/store" for n in tls.node_names]
    for uri in (tls.record(cid)["uri"], ask("GET", f"{tls.url}/retrieve/{cid}").json()["uri"]):
        assert uri in (tls.base("node1"), tls.base("node2"))
    assert uri.startswith("https://127.0.0.1:")
    assert {n["port"] for n in nodes.values()} == set(tls.ports.values())


def test_store_retrieve_update_delete(tls):
    cid = tls.store(b"first bytes", name="a.txt")["id"]
    r = tls.fetch(cid)
    assert (r.content, r.headers["etag"]) == (b"first bytes", f'"{etag_of(b"first bytes")}"')
    uri = tls.record(cid)["uri"]
    assert ask("PUT", f"{uri}/update/{cid}", files={"file": ("b.txt", b"second")}).status_code == 200
    assert tls.fetch(cid).content == b"second"
    assert ask("DELETE", f"{uri}/delete/{cid}").status_code == 200
    assert ask("GET", f"{uri}/retrieve/{cid}").status_code == 404


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_64_mib_intact_and_ranges_of_it(tls, node):
    cid = tls.store(LARGE, node=node)["id"]
    assert tls.fetch(cid).content == LARGE
    for first, last in ((0, 0), (16383, 16384), (1 << 20, (5 << 20) + 7), (len(LARGE) - 3, len(LARGE) - 1)):
        r = tls.fetch(cid, headers={"Range": f"bytes={first}-{last}"})
        assert r.status_code == 206
        assert r.content == LARGE[first:last + 1]
    uri = tls.record(cid)["uri"]
    assert ask("DELETE", f"{uri}/delete/{cid}").status_code == 200


def test_head_and_conditions(tls):
    cid = tls.store(LARGE[:200_000])["id"]
    uri = f"{tls.record(cid)['uri']}/retrieve/{cid}"
    with requests.Session() as session:  # an answer with a body that should not be there would spoil the next one
        head = session.head(uri)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "200000", b"")
        same = session.get(uri, headers={"If-None-Match": head.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert session.get(uri, headers={"Range": "bytes=200000-"}).status_code == 416
        assert session.get(uri).content == LARGE[:200_000]


def test_a_slow_reader_gets_every_byte(tls):
    data = LARGE[:8 << 20]
    cid = tls.store(data)["id"]
    port = int(tls.record(cid)["uri"].rsplit(":", 1)[1])
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.settimeout(2 * PATIENCE)
        plain.connect(("127.0.0.1", port))
        with tls.trust.wrap_socket(plain, server_hostname="127.0.0.1") as s:
            s.sendall(f"GET /retrieve/{cid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            r = http.client.HTTPResponse(s)
            r.begin()
            got = bytearray()
            while len(got) < len(data):
                piece = r.read(10_007)
                assert piece, "the answer ended early"
                got += piece
                if len(got) < 200_000:
                    time.sleep(0.002)
    assert got == data


def test_files_by_path_redirect_to_https(tls):
    tls.store(b"by path", name="tls-by-path.txt")
    r = tls.files("tls-by-path.txt")
    assert r.status_code in (302, 307)
    assert r.headers["location"].startswith("https://127.0.0.1:")
    assert tls.files("tls-by-path.txt", allow_redirects=True).content == b"by path"


def test_upload_by_path_through_the_redirect(tls):
    r = tls.files("tls-put.txt", "PUT", data=b"put by path", allow_redirects=True)
    assert r.status_code in (200, 201), r.text
    assert tls.files("tls-put.txt", allow_redirects=True).content == b"put by path"


def test_fs(tls):
    made, = tls.fs({"op": "mkdir", "dir": 1, "name": "tls-dir", "mode": 0o755, "uid": 0, "gid": 0})
    assert made.get("errno", 0) == 0
    assert "tls-dir" in tls.files("").text


def test_stats_are_polled(tls):
    stats = ask("GET", tls.url + "/stats/").json()["stats"]
    assert {n: s["status"] for n, s in stats.items()} == {"node1": "UP", "node2": "UP"}


def test_the_bytes_of_a_replaced_file_go_from_the_other_node(tls):
    old = tls.store(b"x" * 1000, node="node1", name="moved.bin")["id"]
    r = ask("PUT", f"{tls.base('node2')}/update/{old}", files={"file": ("moved.bin", b"y")})
    assert r.status_code == 200, r.text
    wait_for("the old blob's end", lambda: not [p for p in tls.live_files("node1") if p.name.startswith(f"{old}.")])
    assert tls.fetch(old).content == b"y"


def test_public_host(new_tls):
    one = new_tls(dist_args=["--public-host=cdn.example.org"])
    assert one.place()["uri"] == f"https://cdn.example.org:{one.ports['node1']}/store"


def test_ctl_scenario(tls, tmp_path):
    r = ctl(f"--url={tls.url}", "scenario", f"--folder={tmp_path}", env={"CDN_CA": os.environ["REQUESTS_CA_BUNDLE"]})
    assert r.returncode == 0, r.stderr
    assert re.search(r"\{'uri': 'https://127\.0\.0\.1:\d+'\}", r.stdout), r.stdout


def test_ctl_put_get_by_ca_file(tls, authority, tmp_path):
    (tmp_path / "large").write_bytes(LARGE[:5 << 20])
    assert ctl(f"--url={tls.url}", "put", tmp_path / "large", ca=authority.ca).returncode == 0
    assert ctl(f"--url={tls.url}", "get", "large", tmp_path / "back", ca=authority.ca).returncode == 0
    assert (tmp_path / "back").read_bytes() == LARGE[:5 << 20]


def test_with_a_token(new_tls, tmp_path, authority):
    one = new_tls(env={"CDN_TOKEN": TOKEN}, dist_args=["--protect-reads"], node_args=["--protect-reads"])
    (tmp_path / "f").write_bytes(b"secret")
    auth = {"Authorization": f"Bearer {TOKEN}"}
    assert ask("POST", one.node_url(1) + "/store", data=b"x").status_code == 401
    assert ask("POST", one.node_url(1) + "/store", data=b"x", headers=auth).status_code == 200
    assert ctl(f"--url={one.url}", "put", tmp_path / "f", ca=authority.ca, env={"CDN_TOKEN": TOKEN}).returncode == 0
    r = ctl(f"--url={one.url}", "get", "f", "-", ca=authority.ca, env={"CDN_TOKEN": TOKEN})
    assert (r.returncode, r.stdout) == (0, "secret")
    assert "token" in ctl(f"--url={one.url}", "stats", ca=authority.ca).stderr.lower()
    link = ctl(f"--url={one.url}", "locate", "--expires=60", "/f", ca=authority.ca, env={"CDN_TOKEN": TOKEN}).stdout
    uri = re.search(r"https://\S+", link)[0]
    assert ask("GET", uri, allow_redirects=True).content == b"secret"


# --- connections ---


def test_one_connection_serves_many_requests(tls):
    tunnel = Tunnel(tls.ports["node1"])
    with requests.Session() as session:
        for i in range(30):
            url = f"https://127.0.0.1:{tunnel.port}"
            r = session.post(url + "/store", data=bytes([i]) * 1000, headers={"Content-Type": "text/plain"})
            assert r.status_code == 200, r.text
            assert len(session.get(f"{url}/retrieve/{r.json()['id']}").content) == 1000
    tunnel.close()
    assert tunnel.connections == 1


def test_dist_and_node_keep_their_connections(new_tls):
    ports = dict(zip(("dist", "node1"), (free_port(), free_port())))
    to_node, to_dist = Tunnel(ports["node1"]), Tunnel(ports["dist"])
    one = new_tls(ports=ports, keys={"node1": {"internal": {"host": "127.0.0.1", "port": to_node.port}},
                                     "dist": {"internal": {"host": "127.0.0.1", "port": to_dist.port}}})
    for _ in range(20):
        one.store(b"registered", node="node1")
    wait_for("polls", lambda: to_node.pieces > 100)
    to_node.close()
    to_dist.close()
    # one that answers late on a busy machine costs a connection more; one for each request would be dozens
    assert to_node.connections <= 5
    assert to_dist.connections <= 5


def test_pipelined_requests_in_one_record(tls):
    body = os.urandom(10_000)
    post = b"POST /store?path=tls-pipe HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connect(tls.ports["node1"], tls.trust) as s:
        s.sendall((post + body)[:16_000] + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
                  b"GET /stats/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := s.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200 ") == 3, got


@pytest.mark.parametrize("size", [1, 16_384, 300_000, 3_000_000])
def test_a_client_that_half_closes_behind_its_upload(tls, size):
    """To TLS that is a cut connection: the answer may be lost, the account is right."""
    body = os.urandom(size)
    with connect(tls.ports["node1"], tls.trust) as s:
        s.sendall(b"POST /store HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + body)
        with socket.socket(fileno=os.dup(s.fileno())) as plain:
            plain.shutdown(socket.SHUT_WR)
        answer = read_answer(s)
    assert status_of(answer) in (0, 200), answer
    tls.check_account("node1")


@pytest.mark.parametrize("polite", [True, False], ids=["close_notify", "cut"])
def test_a_client_that_goes_in_its_upload_leaves_nothing(tls, polite):
    before = tls.check_account("node1")
    s = connect(tls.ports["node1"], tls.trust)
    s.sendall(b"POST /store HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + bytes(500_000))
    wait_for("the reservation", lambda: tls.stats("node1")["reserved"] > 0)
    if polite:
        with contextlib.suppress(OSError):
            s.settimeout(0.2)
            s.unwrap()
    s.close()
    assert tls.check_account("node1")["contents"] == before["contents"]


def test_plain_http_to_the_tls_port(tls):
    for who in tls.names:
        for data in (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 500, os.urandom(20_000), b"\x16\x03\x01\xff\xff"):
            answer = raw(tls.ports[who], data, half_close=True)
            assert b"HTTP/1.1 200" not in answer
    assert all(ask("GET", tls.base(n) + "/health").status_code == 200 for n in tls.names)


@pytest.mark.parametrize("much", [0, 1, 5, 100, -1, None], ids=["nothing", "byte", "header", "part", "almost", "all"])
def test_silence_in_the_handshake_blocks_nobody(tls, much):
    hello = client_hello(tls.trust)
    with contextlib.ExitStack() as held:
        for who in tls.names:
            for _ in range(40):
                s = held.enter_context(socket.create_connection(("127.0.0.1", tls.ports[who]), timeout=PATIENCE))
                s.sendall(hello[:much])
        for _ in range(3):
            cid = tls.store(b"served")["id"]
            assert tls.fetch(cid).content == b"served"
        assert all(tls.stats(n)["max_storage"] for n in tls.node_names)


def test_a_handshake_that_is_cut_ends_quietly(tls):
    hello = client_hello(tls.trust)
    for cut in range(1, len(hello), 37):
        with socket.create_connection(("127.0.0.1", tls.ports["dist"])) as s:
            s.sendall(hello[:cut])
    assert ask("GET", tls.url + "/health").status_code == 200


@pytest.mark.parametrize("who", ["dist", "node1"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_versions_of_tls(tls, authority, who, version):
    context = ssl.create_default_context(cafile=authority.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
    if version >= ssl.TLSVersion.TLSv1_2:
        with connect(tls.ports[who], context) as s:
            assert s.version() == version.name.replace("v1_", "v1.")
        return
    stub = Stub(authority.cert, authority.key, newest=version)
    with connect(int(stub.url.rsplit(":", 1)[1]), context) as s:  # it could, if the server did
        assert s.version() == version.name.replace("v1_", "v1.").removesuffix(".0")
    stub.close()
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(tls.ports[who], context)


# --- refusals ---


@pytest.mark.parametrize("which,words", [
    ("stranger", ["certificate", "CDN_CA", "ca-file"]), ("expired", ["certificate has expired", "renew"]),
    ("host", ["127.0.0.1", "subjectAltName"]), ("old", ["TLS"])])
def test_ctl_refuses_a_server(authority, stranger, which, words):
    cert, key = {"stranger": lambda: (stranger.cert, stranger.key), "expired": lambda: authority.issue("expired", days=-1),
                 "host": lambda: authority.issue("host", "DNS:other.example"),
                 "old": lambda: (authority.cert, authority.key)}[which]()
    stub = Stub(cert, key, newest=ssl.TLSVersion.TLSv1_1 if which == "old" else None)
    r = ctl(f"--url={stub.url}", "stats", ca=authority.ca)
    stub.close()
    assert r.returncode == 1
    assert stub.answered == 0
    for word in [stub.url, *words]:
        assert word in r.stderr, r.stderr


def test_ctl_that_trusts_nobody_of_ours(tls):
    r = ctl(f"--url={tls.url}", "stats")
    assert r.returncode == 1
    assert "certificate" in r.stderr and "CDN_CA" in r.stderr, r.stderr


def test_ctl_with_the_wrong_scheme_is_told_the_right_one(tls, cdn, authority):
    assert "https://" in ctl(f"--url={tls.url.replace('https', 'http')}", "stats").stderr
    assert "http://" in ctl(f"--url={cdn.url.replace('http', 'https')}", "stats", ca=authority.ca).stderr


def test_dist_does_not_trust_a_node(new_tls, stranger):
    one = new_tls(dist_args=[f"--ca-file={stranger.ca}"], wait=False)
    wait_for("the reason in the log", lambda: "certificate is not trusted" in one.log("dist"))
    line = next(text for text in one.log("dist").splitlines() if "certificate is not trusted" in text)
    assert "node1" in line and "CDN_CA" in line, line
    assert ask("GET", one.url + "/stats/").json()["stats"]["node1"]["status"] == "DOWN"
    assert ask("GET", one.url + "/store/").status_code in (503, 507)


def test_a_node_that_does_not_trust_dist_stores_nothing(new_tls, stranger):
    one = new_tls(node_args=[f"--ca-file={stranger.ca}"])
    start = time.monotonic()
    answer = one.store(b"z" * 100_000, node="node1", expect=503)
    assert "certificate is not trusted" in answer["message"] and "CDN_CA" in answer["message"], answer
    assert time.monotonic() - start < PATIENCE
    assert one.check_account("node1")["contents"] == 0
    assert one.live_files("node1") == []
    assert ask("GET", one.url + "/content/").json() in ([], {"contents": []})


# --- what is wrong with the files ---


def good(tmp_path, program):
    """Flags with which it would start."""
    (tmp_path / "nodes.yml").write_text("nodes:\n  dist: {host: 127.0.0.1, port: 1, scheme: https}\n")
    (tmp_path / "s").mkdir(exist_ok=True)
    own = [f"--database=sqlite://{tmp_path}/x.db"] if program == "dist" else [f"--storage={tmp_path}/s"]
    return [f"--listen=127.0.0.1:{free_port()}", f"--nodes={tmp_path}/nodes.yml", *own]


def encrypted(authority, tmp_path):
    openssl("pkey", "-in", authority.key, "-aes256", "-passout", "pass:secret", "-out", tmp_path / "locked.key")
    return authority.cert, tmp_path / "locked.key"


def encrypted_old(authority, tmp_path):
    openssl("ec", "-in", authority.key, "-aes256", "-passout", "pass:secret", "-out", tmp_path / "locked.key")
    return authority.cert, tmp_path / "locked.key"


def garbage(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


BROKEN = "-----BEGIN CERTIFICATE-----\nMIIBnonsense\n-----END CERTIFICATE-----\n"
WRONG = {
    "mismatch": (lambda a, s, t: (a.cert, s.key), ["server.key", "does not belong"]),
    "swapped": (lambda a, s, t: (a.key, a.cert), ["server.key", "certificate"]),
    "no-cert": (lambda a, s, t: (t / "none.pem", a.key), ["none.pem", "No such file"]),
    "no-key": (lambda a, s, t: (a.cert, t / "none.key"), ["none.key", "No such file"]),
    "folder": (lambda a, s, t: (a.cert, t), ["Is a directory"]),
    "empty": (lambda a, s, t: (garbage(t, "empty.pem", ""), a.key), ["empty.pem", "PEM"]),
    "no-pem": (lambda a, s, t: (a.cert, garbage(t, "bad.key", "garbage\n")), ["bad.key", "PEM"]),
    "bad-cert": (lambda a, s, t: (garbage(t, "bad.pem", BROKEN), a.key), ["bad.pem", "certificate"]),
    "bad-key": (lambda a, s, t: (a.cert, garbage(t, "bad.key", BROKEN.replace("CERTIFICATE", "PRIVATE KEY"))), ["bad.key", "key"]),
    "encrypted": (lambda a, s, t: encrypted(a, t), ["locked.key", "encrypted"]),
    "encrypted-old": (lambda a, s, t: encrypted_old(a, t), ["locked.key", "encrypted"]),
}


@pytest.mark.parametrize("program", ["dist", "node"])
@pytest.mark.parametrize("which", WRONG)
def test_files_that_cannot_be_served_with(authority, stranger, tmp_path, program, which):
    make, words = WRONG[which]
    cert, key = make(authority, stranger, tmp_path)
    r = subprocess.run([BIN / program, *good(tmp_path, program), f"--tls-cert={cert}", f"--tls-key={key}"],
                       stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=clean_env())
    assert r.returncode in (1, 2), (r.returncode, r.stderr)
    for word in words:
        assert word in r.stderr, r.stderr


@pytest.mark.parametrize("program", ["dist", "node"])
def test_a_key_that_may_not_be_read(authority, tmp_path, program):
    key = shutil.copy(authority.key, tmp_path / "secret.key")
    os.chmod(key, 0)
    r = subprocess.run(["setpriv", "--bounding-set=-dac_override,-dac_read_search", BIN / program, *good(tmp_path, program),
                        f"--tls-cert={authority.cert}", f"--tls-key={key}"],
                       stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=clean_env())
    assert r.returncode in (1, 2), (r.returncode, r.stderr)
    assert "secret.key: Permission denied" in r.stderr


@pytest.mark.parametrize("program", ["dist", "node", "cdnctl", "cdnfs"])
@pytest.mark.parametrize("text", [None, "", "no certificate\n", BROKEN], ids=["missing", "empty", "no-pem", "broken"])
def test_a_ca_file_that_is_none(tmp_path, program, text):
    ca = tmp_path / "wrong-ca.pem"
    if text is not None:
        ca.write_text(text)
    (tmp_path / "mnt").mkdir()
    args = {"cdnctl": ["--url=https://127.0.0.1:1", f"--ca-file={ca}", "stats"],
            "cdnfs": ["-f", "-o", f"ca_file={ca},staging={tmp_path}/staging", "https://127.0.0.1:1", tmp_path / "mnt"]}
    r = subprocess.run([BIN / program, *(args.get(program) or [*good(tmp_path, program), f"--ca-file={ca}"])],
                       stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=clean_env())
    assert r.returncode in (1, 2), (r.returncode, r.stderr)
    assert "wrong-ca.pem" in r.stderr


@pytest.mark.parametrize("program", ["dist", "node"])
def test_an_expired_certificate_is_told_at_start(authority, tmp_path, program):
    cert, key = authority.issue("late", days=-1)
    p = Process([BIN / program, *good(tmp_path, program), f"--tls-cert={cert}", f"--tls-key={key}"], tmp_path / "log",
                clean_env())
    wait_for("ready", lambda: "ready" in (tmp_path / "log").read_text() or not p.running())
    assert p.stop() == 0
    text = (tmp_path / "log").read_text()
    assert "late.pem" in text and "not valid today" in text


def test_rsa_with_its_chain_in_the_file(authority, tmp_path):
    """Other forms that people have: RSA, a chain, EC PARAMETERS before the key."""
    chain = tmp_path / "chain.pem"
    chain.write_bytes(authority.cert.read_bytes() + authority.ca.read_bytes())
    key = tmp_path / "with-parameters.key"
    key.write_bytes(openssl("ecparam", "-name", "prime256v1") + openssl("ec", "-in", authority.key))
    p = Process([BIN / "dist", *good(tmp_path, "dist"), f"--tls-cert={chain}", f"--tls-key={key}"], tmp_path / "log",
                clean_env())
    wait_for("ready", lambda: "ready" in (tmp_path / "log").read_text() or not p.running())
    assert p.stop() == 0, (tmp_path / "log").read_text()
