"""A 2 GiB file: in, edited in the middle, out, with bounded memory."""
import hashlib
import os
import random
import threading

import pytest

from harness import SANITIZED, Cdn

SIZE = 2 << 30
PIECE = 4 << 20
EDIT_AT, EDIT = SIZE // 2 + 12345, b"edited in the middle"


class Peak(threading.Thread):
    """The most memory that a process had while this was watching."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.most, self.done = process, 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.join()

    def run(self):
        while not self.done.wait(0.05):
            self.most = max(self.most, self.process.rss())


def pieces():
    """2 GiB of which no two pieces are equal, quickly made."""
    base = bytearray(random.Random(7).randbytes(PIECE))
    for i in range(SIZE // PIECE):
        base[:8] = i.to_bytes(8, "little")
        yield base


def digest_of(path):
    h = hashlib.blake2b()
    with open(path, "rb", buffering=0) as f:
        buf = bytearray(PIECE)
        while n := f.readinto(buf):
            h.update(memoryview(buf)[:n])
    return h.hexdigest()


def play(cdn):
    """All of it: what was to be read, what was read, and the peak of the mounts' memory."""
    wanted, most = hashlib.blake2b(), 0
    mount = cdn.mount(cdn.tmp / "mnt")
    with Peak(mount) as peak:
        with open(mount.path / "large", "wb", buffering=0) as f:
            for i, piece in enumerate(pieces()):
                f.write(piece)
                off = EDIT_AT - i * PIECE
                if 0 <= off < PIECE:
                    wanted.update(piece[:off] + EDIT + piece[off + len(EDIT):])
                else:
                    wanted.update(piece)
        mount.umount()
    most = max(most, peak.most)
    # new mounts have nothing cached: bytes come from the nodes
    mount = cdn.mount(cdn.tmp / "mnt")
    with Peak(mount) as peak:
        with open(mount.path / "large", "r+b", buffering=0) as f:
            os.pwrite(f.fileno(), EDIT, EDIT_AT)
        mount.umount()
    most = max(most, peak.most)
    mount = cdn.mount(cdn.tmp / "mnt")
    with Peak(mount) as peak:
        size, digest = (mount.path / "large").stat().st_size, digest_of(mount.path / "large")
    return {"size": size, "read": digest, "wanted": wanted.hexdigest(),
            "peak": max(most, peak.most)}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Played once for all tests."""
    cdn = Cdn(tmp_path_factory.mktemp("large"), max_storage="6G")
    try:
        yield play(cdn)
    finally:
        cdn.close()


def test_what_is_read_is_what_was_written_and_edited(done):
    assert (done["size"], done["read"]) == (SIZE, done["wanted"])


if not SANITIZED:  # their shadow memory is not the program's
    def test_memory_of_the_mount_is_bounded(done):
        assert 0 < done["peak"] < 256 << 20
