"""cluster - what API tests do with a CDN: requests, uploads, records, the account of a node; and a proxy that loses
answers."""
import contextlib
import ctypes
import ctypes.util
import errno
import os
import re
import secrets
import socket
import threading

import requests

from harness import BIN, FINDINGS, PATIENCE, Cdn, free_ports, wait_for

__all__ = ["BIN", "Cluster", "Proxy", "SECTION", "Tunnel", "etag_of", "free_port", "http", "new_stamp", "raw", "read_answer", "room_of", "status_of", "wait_for", "xxh128_of"]


def free_port():
    return free_ports(1)[0]


def new_stamp():
    """A stamp has 63 bits."""
    return f"{secrets.randbits(63) | 1:016x}"


def http(method, url, **kw):
    """One request on a connection of its own, redirects not followed."""
    kw.setdefault("timeout", 2 * PATIENCE)
    kw.setdefault("allow_redirects", False)
    return requests.request(method, url, **kw)


def raw(url_or_port, data, half_close=False, patience=2 * PATIENCE):
    """Sends bytes as they are and returns a whole answer, or what came until the server closed or `patience` seconds
    went by in silence."""
    port = url_or_port if isinstance(url_or_port, int) else int(url_or_port.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as s:
        with contextlib.suppress(OSError):  # it may have answered and closed by now
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        return read_answer(s)


def read_answer(s):
    got = b""
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while True:
            head, sep, body = got.partition(b"\r\n\r\n")
            if sep:
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if length and len(body) >= int(length[1]):
                    return got
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece
    return got


def status_of(answer):
    """The status of a raw answer, 0 when there was none."""
    m = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(m[1]) if m else 0


_xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash"))


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_xxhash.XXH3_128bits.restype = _Hash128
_xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


SECTION = 64 << 20  # bytes that a content's check-sum is made of at a time


def xxh128_of(data):
    """What xxh128sum prints."""
    h = _xxhash.XXH3_128bits(data, len(data))
    return f"{h.high:016x}{h.low:016x}"


def etag_of(data):
    if len(data) <= SECTION:
        return xxh128_of(data)
    sections = [bytes.fromhex(xxh128_of(data[at:at + SECTION])) for at in range(0, len(data), SECTION)]
    return f"{xxh128_of(b''.join(sections))}-{len(sections)}"


def room_of(path):
    """Bytes that a file takes: without its holes."""
    end, at, room = path.stat().st_size, 0, 0
    with open(path, "rb", buffering=0) as f:
        while at < end:
            try:
                data = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError as e:
                assert e.errno == errno.ENXIO
                break
            at = os.lseek(f.fileno(), data, os.SEEK_HOLE)
            room += at - data
    return room


class Cluster(Cdn):
    """A Cdn with what API tests do all the time."""

    def __init__(self, *args, **kw):
        self.scanned = {}  # log → how far check() has read it
        super().__init__(*args, **kw)

    def start(self, name):
        """Until it answers, and dist places contents on it."""
        super().start(name)
        if name in self.node_names:
            self.wait_status(name)

    def wait_down(self, name):
        self.wait_status(name, status="DOWN")

    def place(self, **params):
        """Where dist would store a new content."""
        r = http("GET", self.url + "/store/", params=params)
        assert r.status_code == 200, r.text
        return r.json()

    def store(self, data, name="file.bin", node=None, expect=200, **kw):
        """Uploads as a form, to `node` or where dist says; the answer's JSON, with what is told to who gives a stamp."""
        kw.setdefault("params", {"stamp": f"{secrets.randbits(62) + 1:016x}"})
        uri = self.base(node) + "/store" if node else self.place(size=len(data))["uri"]
        r = http("POST", uri, files={"file": (name, data)}, **kw)
        assert r.status_code == expect, (r.status_code, r.text)
        return r.json()

    def record(self, cid):
        r = http("GET", f"{self.url}/content/{cid}")
        assert r.status_code == 200, r.text
        return r.json()

    def fetch(self, cid, **kw):
        """The content, from where dist says."""
        r = http("GET", f"{self.url}/retrieve/{cid}")
        assert r.status_code == 200, r.text
        return http("GET", f"{r.json()['uri']}/retrieve/{cid}", **kw)

    def stats(self, name):
        return http("GET", self.base(name) + "/stats/").json()

    def live_files(self, name):
        """The blobs that count, in the storage folder."""
        return [p for p in (self.tmp / name).glob("??/*") if re.fullmatch(r"[0-9a-f]{2}", p.parent.name)]

    def check_account(self, name):
        """What the node says it uses is what lies on its disk. An upload gives its promise back after its answer."""
        wait_for("nothing is reserved", lambda: self.stats(name)["reserved"] == 0)
        files, stats = self.live_files(name), self.stats(name)
        assert stats["storage"] == sum(map(room_of, files)), (stats, files)
        assert stats["contents"] == len({p.name.split(".")[0] for p in files}), (stats, files)
        return stats

    def files(self, path, method="GET", **kw):
        return http(method, f"{self.url}/files/{path}", **kw)

    def fs(self, *ops, expect=200, url=None, **batch):
        r = http("POST", (url or self.url) + "/fs", json={"ops": list(ops), **batch})
        assert r.status_code == expect, (r.status_code, r.text)
        return r.json()["results"] if expect == 200 else r.json()

    def check(self):
        """No sanitizer has found anything since the last check, nobody died by himself, the database is not damaged."""
        for log in self.tmp.glob("*.log"):
            with open(log, encoding="utf-8", errors="replace") as f:
                f.seek(self.scanned.get(log, 0))
                text = f.read()
                self.scanned[log] = f.tell()
            found = FINDINGS.search(text)
            assert not found, f"{log}: {text[found.start():][:4000]}"
        for name, p in self.processes.items():
            assert p.killed or p.running() or p.popen.returncode == 0, f"{name} died: {self.log(name)[-2000:]}"
        assert not self.fsck(), self.fsck()


class Front:
    """A listening socket: self._serve(client) runs on a thread for each who comes. port, connections: where, how many
    came."""

    def __init__(self, port=0):
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Proxy(Front):
    """A TCP proxy in front of 127.0.0.1:port. `on_request(bytes)` may return
    "drop": hand the request over, and close the client's connection when the answer is there, without passing it on;
    "refuse": close at once; anything else: pass."""

    def __init__(self, port, on_request=None):
        self.target, self.on_request = port, on_request
        self.dropped = 0
        self.after_drop = None  # called when the answer arrived and before the client sees the end
        super().__init__(next(p for p in iter(free_port, None) if p != port))  # the target may not listen yet

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def _message(s):
        """One HTTP message with Content-Length or without body; b"" at the end."""
        got = b""
        while True:
            head, sep, body = got.partition(b"\r\n\r\n")
            if sep:
                m = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if len(body) >= (int(m[1]) if m else 0):
                    return got
            piece = s.recv(65536)
            if not piece:
                return b""
            got += piece

    def _serve(self, client):
        server = None
        try:
            with client:
                while request := self._message(client):
                    verdict = self.on_request(request) if self.on_request else None
                    if verdict == "refuse":
                        return
                    if server is None:
                        server = socket.create_connection(("127.0.0.1", self.target), timeout=30)
                    server.sendall(request)
                    answer = self._message(server)
                    if verdict == "drop":
                        self.dropped += 1
                        if self.after_drop:
                            self.after_drop()
                        return
                    if not answer:
                        return
                    client.sendall(answer)
        except OSError:
            pass
        finally:
            if server:
                server.close()


class Tunnel(Front):
    """TCP in front of 127.0.0.1:port, passed on as it is. pieces: how many of what clients sent."""

    def __init__(self, port):
        self.target, self.pieces = port, 0
        super().__init__()

    def _serve(self, client):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._copy, args=(server, client, False), daemon=True)
            back.start()
            self._copy(client, server, True)
            back.join()

    def _copy(self, here, there, counted):
        with contextlib.suppress(OSError):
            while piece := here.recv(65536):
                self.pieces += counted
                there.sendall(piece)
        for s in (here, there):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
