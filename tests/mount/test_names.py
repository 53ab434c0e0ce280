"""Names are bytes: all but NUL and '/', up to 255 of them."""
import errno
import os

import pytest

NAMES = {
    "space": b"two words",
    "spaces around": b"  x  ",
    "newline": b"line\nline",
    "tab": b"a\tb",
    "utf8": "grüße-日本-🎉".encode(),
    "decomposed utf8": "e\u0301".encode(),
    "invalid utf8": b"\xff\xfe\x80x",
    "latin1": b"caf\xe9",
    "overlong utf8": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "control": bytes(range(1, 32)),
    "delete": b"\x7f",
    "percent": b"100%",
    "percent escape": b"a%2Fb%00%FF",
    "quotes": b"\"'`\\",
    "json": b'{"a":[]}',
    "url": b"?a=b&c=d#e;f",
    "dash": b"-rf",
    "three dots": b"...",
    "hidden": b".hidden",
    "case": b"CaSe",
    "255 bytes": b"n" * 255,
    "255 bytes of utf8": "é".encode() * 127 + b"x",
    "255 invalid bytes": b"\xff" * 255,
    "255 percent signs": b"%" * 255,
}


@pytest.fixture(params=NAMES.values(), ids=[k.replace(" ", "_") for k in NAMES])
def name(request):
    return request.param


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def test_file_is_listed_and_read_by_its_name(mnt, name):
    folder = os.fsencode(mnt)
    write(folder + b"/" + name, b"bytes of " + name)
    assert os.listdir(folder) == [name]
    assert read(folder + b"/" + name) == b"bytes of " + name


def test_folder_file_within_and_rename(mnt, name):
    folder = os.fsencode(mnt)
    os.mkdir(folder + b"/" + name)
    write(folder + b"/" + name + b"/" + name, b"x")
    os.rename(folder + b"/" + name, folder + b"/plain")
    os.rename(folder + b"/plain/" + name, folder + b"/" + name)
    assert sorted(os.listdir(folder)) == sorted([b"plain", name])


def test_link_to_that_name(mnt, name):
    folder = os.fsencode(mnt)
    os.symlink(name, folder + b"/link")
    assert os.readlink(folder + b"/link") == name


def test_unlink_by_that_name(mnt, name):
    folder = os.fsencode(mnt)
    write(folder + b"/" + name, b"")
    os.unlink(folder + b"/" + name)
    assert os.listdir(folder) == []


def test_names_that_differ_in_case_or_form_are_different(mnt):
    names = ["a", "A", "\u00e9", "e\u0301"]
    for one in names:
        (mnt / one).write_text(one, encoding="utf-8")
    assert [(mnt / one).read_text(encoding="utf-8") for one in names] == names


@pytest.mark.parametrize("call", [os.mkdir, os.stat, lambda p: os.open(p, os.O_CREAT), os.unlink,
                                  lambda p: os.symlink("x", p)],
                         ids=["mkdir", "stat", "create", "unlink", "symlink"])
def test_256_bytes_are_too_long(mnt, call):
    with pytest.raises(OSError) as e:
        call(os.path.join(mnt, "n" * 256))
    assert e.value.errno == errno.ENAMETOOLONG


def test_deep_folders(mnt):
    path = mnt
    for i in range(60):
        path = path / f"level {i}"
        path.mkdir()
    (path / "f").write_text("deep")
    assert (path / "f").read_text() == "deep"


def test_long_target_of_a_link(mnt):
    target = "t/" * 2000 + "end"
    os.symlink(target, mnt / "l")
    assert os.readlink(mnt / "l") == target
