"""Random operations on a tree, compared with a model of it after each: tests/model. A run that fails says its seed and its last
operations; `build/model/model -s SEED -v DIR DIR2` repeats it."""
import contextlib
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

from harness import BIN, PATIENCE, Cdn, wait_for

PROGRAM = BIN.parent / "model/model"


def model(one, two, *flags, seconds=4 * PATIENCE):
    done = subprocess.run([PROGRAM, *map(str, flags), one, two], check=False, text=True, errors="replace", timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def long(one, two, seed, operations):
    """So many operations; with MODEL_SECONDS (make model) as long as that says, by MODEL_SEED or the clock."""
    seconds, seed_given = os.environ.get("MODEL_SECONDS"), os.environ.get("MODEL_SEED")
    if seconds:
        print(model(one, two, "-t", seconds, *(["-s", seed_given] if seed_given else []),
                    seconds=int(seconds) + 4 * PATIENCE))
    else:
        model(one, two, "-s", seed, "-n", operations)


@pytest.mark.parametrize("seed", [1, 2, 21])
def test_one_mount(mnt, seed):
    long(mnt, mnt, seed, 700)


def two_of(cdn, *opts):
    """Two mounts of it that are told of what others change."""
    mounts = [cdn.mount(cdn.tmp / name, *opts) for name in ("one", "two")]
    for m in mounts:
        wait_for("events", lambda m=m: m.counters()["events_up"])
    return [m.path for m in mounts]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with contextlib.closing(Cdn(tmp_path_factory.mktemp("cdn"), max_storage="4G")) as cdn:
        yield two_of(cdn)


def twice(paths, name):
    """A new folder, as both show it."""
    (paths[0] / name).mkdir()
    return [path / name for path in paths]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_mounts(pair, seed):
    long(*twice(pair, f"seed{seed}"), seed, 800)


def test_two_mounts_with_little_memory(cdn):
    long(*twice(two_of(cdn, "memory=8MiB"), "little"), 4, 500)


def test_two_mounts_on_postgresql(pg, tmp_path):
    with contextlib.closing(Cdn(tmp_path / "cdn", database=pg.database())) as cdn:
        long(*twice(two_of(cdn), "postgresql"), 5, 300)


def test_two_mounts_while_dist_is_killed(cdn):
    """Again and again, until the operations are done. While events are down nothing may be remembered."""
    folders = twice(two_of(cdn, "attr_timeout=0"), "killed")
    done = threading.Event()

    def kill():
        while not done.wait(0.7):
            cdn.kill("dist")
            cdn.start("dist")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        long(*folders, 6, 300)
    finally:
        done.set()
        killer.join()


def test_the_model_is_right_of_a_local_disk():
    """Else the other tests prove nothing."""
    folder = tempfile.mkdtemp(prefix="cdnfs-model-", dir="/var/tmp")
    try:
        for seed in range(5):
            shutil.rmtree(folder)
            os.mkdir(folder)
            model(folder, folder, "-s", seed, "-n", 3000)
    finally:
        shutil.rmtree(folder)


def test_what_is_wrong_is_told(tmp_path):
    """Two folders that do not show the same tree."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    done = subprocess.run([PROGRAM, "-s", "1", one, two], check=False, text=True, stdout=subprocess.PIPE)
    assert done.returncode == 1
    assert "WRONG: " in done.stdout and "seed 1\n" in done.stdout
