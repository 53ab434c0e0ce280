"""Fixtures: running CDNs, mounts and a PostgreSQL."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from authority import Authority  # noqa: E402  (found by the path above)
from harness import Cdn, Postgres  # noqa: E402


@pytest.fixture
def cdn(tmp_path):
    """A CDN on SQLite for one test."""
    one = Cdn(tmp_path / "cdn")
    yield one
    one.close()


@pytest.fixture(scope="session")
def pg():
    """A private PostgreSQL: .database() is the URL of a new database."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="module")
def mounted_cdn(tmp_path_factory):
    """A CDN and a mount of it (.mounts[0]) for a module's tests."""
    one = Cdn(tmp_path_factory.mktemp("cdn"), max_storage="8G")
    one.mount(one.tmp / "mnt")
    yield one
    one.close()


@pytest.fixture
def mnt(mounted_cdn, request):
    """A fresh folder of the module's mount."""
    folder = mounted_cdn.mounts[0].path / request.node.name.replace("/", "%2F")
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Signs the certificates of a module's servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Whom nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "A stranger")
