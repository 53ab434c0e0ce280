"""One tree behind every door: what comes in over HTTP is in the mount, and the other way round."""
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import BIN, Cdn, wait_for


@pytest.fixture
def root(mounted_cdn):
    """The mount's top folder."""
    return mounted_cdn.mounts[0].path


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def curl(*args):
    return subprocess.run(["curl", "-fsS", "-L", *map(str, args)], check=True, stdout=subprocess.PIPE,
                          timeout=60).stdout


def files_url(cdn, path):
    """The URL below files/ of a path in the mount."""
    inside = os.path.relpath(path, cdn.mounts[0].path)
    return f"{cdn.url}/files/{urllib.parse.quote(os.fsencode(inside))}"


def store_uri(cdn):
    return json.loads(get(cdn.url + "/store/"))["uri"]


def test_photo_stored_by_curl_is_in_the_mount(mounted_cdn, root, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(os.urandom(123_456))
    curl("-F", f"file=@{tmp_path}/photo.jpg", store_uri(mounted_cdn))
    assert (root / "photo.jpg").read_bytes() == (tmp_path / "photo.jpg").read_bytes()


def test_id_that_the_upload_told_is_the_inode(mounted_cdn, root, tmp_path):
    (tmp_path / "by-id.txt").write_text("x")
    answer = json.loads(curl("-F", f"file=@{tmp_path}/by-id.txt", store_uri(mounted_cdn)))
    assert (root / "by-id.txt").stat().st_ino == answer["id"]


def test_file_copied_to_the_mount_is_served_under_files(mounted_cdn, mnt, tmp_path):
    data = os.urandom(70_000)
    (tmp_path / "f").write_bytes(data)
    subprocess.run(["cp", tmp_path / "f", mnt / "f"], check=True)
    assert get(files_url(mounted_cdn, mnt / "f")) == data


def test_file_of_the_mount_is_served_by_its_id(mounted_cdn, mnt):
    (mnt / "f").write_text("by id")
    uri = json.loads(get(f"{mounted_cdn.url}/retrieve/{(mnt / 'f').stat().st_ino}"))["uri"]
    assert get(f"{uri}/retrieve/{(mnt / 'f').stat().st_ino}") == b"by id"


def test_range_of_a_file_of_the_mount(mounted_cdn, mnt):
    (mnt / "f").write_bytes(b"0123456789")
    assert curl("-r", "3-5", files_url(mounted_cdn, mnt / "f")) == b"345"


@pytest.mark.parametrize("name", ["two words", "100%", "grüße.txt", "a+b&c=d?e#f"])
def test_names_of_the_mount_under_files(mounted_cdn, mnt, name):
    (mnt / name).write_text(name)
    assert get(files_url(mounted_cdn, mnt / name)) == name.encode()


def test_name_that_is_not_utf8_under_files(mounted_cdn, mnt):
    path = os.fsencode(mnt) + b"/\xff\xfe"
    with open(path, "wb") as f:
        f.write(b"bytes")
    assert get(files_url(mounted_cdn, os.fsdecode(path))) == b"bytes"


def test_put_under_files_is_in_the_mount(mounted_cdn, mnt, tmp_path):
    (tmp_path / "f").write_bytes(b"put " * 10_000)
    curl("-T", tmp_path / "f", files_url(mounted_cdn, mnt / "put.bin"))
    assert (mnt / "put.bin").read_bytes() == b"put " * 10_000


def test_put_over_a_file_of_the_mount(mounted_cdn, mnt, tmp_path):
    (mnt / "f").write_bytes(b"old")
    (tmp_path / "f").write_bytes(b"newer")
    curl("-T", tmp_path / "f", files_url(mounted_cdn, mnt / "f"))
    assert (mnt / "f").read_bytes() == b"newer"


def test_delete_under_files_takes_it_from_the_mount(mounted_cdn, mnt):
    (mnt / "f").write_text("x")
    curl("-X", "DELETE", files_url(mounted_cdn, mnt / "f"))
    wait_for("the name's end", lambda: not (mnt / "f").exists())


def test_rm_takes_it_from_files(mounted_cdn, mnt):
    (mnt / "f").write_text("x")
    (mnt / "f").unlink()
    with pytest.raises(urllib.error.HTTPError) as e:
        get(files_url(mounted_cdn, mnt / "f"))
    assert e.value.code == 404


def test_update_by_id_changes_what_the_mount_reads(mounted_cdn, mnt, tmp_path):
    (mnt / "f").write_text("first")
    (tmp_path / "f").write_text("second, longer")
    number = (mnt / "f").stat().st_ino
    uri = json.loads(get(f"{mounted_cdn.url}/update/{number}"))["uri"]
    curl("-X", "PUT", "-F", f"id={number}", "-F", f"file=@{tmp_path}/f", f"{uri}/")
    assert (mnt / "f").read_text() == "second, longer"


def test_directory_under_files_lists_the_mounts_entries(mounted_cdn, mnt):
    (mnt / "d").mkdir()
    (mnt / "f").write_text("abc")
    entries = json.loads(get(files_url(mounted_cdn, mnt) + "/"))["entries"]
    assert [(e["name"], e["type"], e["size"]) for e in entries if e["type"] == "file"] == [("f", "file", 3)]
    assert {e["name"] for e in entries} == {"d", "f"}


def test_edit_on_the_mount_is_served_at_once(mounted_cdn, mnt):
    (mnt / "f").write_text("one")
    for text in ("two", "three", "four"):
        (mnt / "f").write_text(text)
        assert get(files_url(mounted_cdn, mnt / "f")) == text.encode()


def test_rename_on_the_mount_moves_the_url(mounted_cdn, mnt):
    (mnt / "a").write_text("x")
    (mnt / "a").rename(mnt / "b")
    assert get(files_url(mounted_cdn, mnt / "b")) == b"x"


def test_cdnctl_put_is_in_the_mount(mounted_cdn, root, tmp_path):
    (tmp_path / "by-cdnctl.txt").write_text("hello")
    subprocess.run([BIN / "cdnctl", "--url", mounted_cdn.url, "put", tmp_path / "by-cdnctl.txt"],
                   check=True, stdout=subprocess.PIPE)
    assert (root / "by-cdnctl.txt").read_text() == "hello"


def test_nodes_fill_evenly(tmp_path):
    cdn = Cdn(tmp_path / "cdn", max_storage="100M")
    try:
        mount = cdn.mount(cdn.tmp / "mnt")
        for i in range(120):
            (mount.path / f"{i}").write_bytes(bytes(1_000_000))

        def used():
            stats = json.loads(get(cdn.url + "/stats/"))["stats"]
            return [node["storage"] for node in stats.values()]
        wait_for("dist's figures", lambda: sum(used()) == 120_000_000)
        assert max(used()) - min(used()) <= 4_000_000, used()
    finally:
        cdn.close()
