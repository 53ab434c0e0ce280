"""Random operations on a tree, compared with a model of it after each: tests/model. A run that fails says its seed and its last
operations; `build/model/model -s SEED -v DIR DIR2` repeats it."""
import os
import shutil
import subprocess
import tempfile

import pytest

from harness import BIN, PATIENCE

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


@pytest.mark.parametrize("seed", [1, 2])
def test_one_mount(mnt, seed):
    long(mnt, mnt, seed, 500)


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
