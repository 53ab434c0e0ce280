"""What is counted: by `make test` tests (tests/totals.py), whatever their messages say and however often they fail; by the
shell's tests checks (tests/checks.sh), and that they were interrupted."""

import os
import subprocess
import sys

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOTALS = os.path.join(TESTS, "totals.py")

CASES = """
import pytest

@pytest.fixture
def breaks_after():
    yield
    assert False, "1 failed"

@pytest.fixture
def breaks_before():
    assert False, "2 errors"

def test_good(): pass
def test_bad(): assert False, "7 failed, 8 errors"
def test_bad_twice(breaks_after): assert False, "9 failed"
def test_bad_behind(breaks_after): pass
def test_bad_before(breaks_before): pass
def test_left_out(): pytest.skip("3 failed")
"""


def totals(path):
    return subprocess.run([sys.executable, TOTALS, path], capture_output=True, text=True, check=True).stdout


def test_each_test_counts_once(tmp_path):
    (tmp_path / "test_cases.py").write_text(CASES)
    report = tmp_path / "report.xml"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "test_cases.py"],
        cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1, run.stdout
    assert totals(report) == "1 4\n"


def test_a_report_that_is_not_there_or_not_whole_has_none(tmp_path):
    assert totals(tmp_path / "none.xml") == "0 0\n"
    (tmp_path / "half.xml").write_text("<testsuites><testsuite>")
    assert totals(tmp_path / "half.xml") == "0 0\n"


CHECKS = """
. "$1/checks.sh"
trap interrupted INT TERM
trap 'echo "$passed passed, $failed failed"' EXIT
check fine true
kill -$2 $$
check "never reached" true
"""


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_an_interrupted_run_has_failed(tmp_path, signal):
    run = subprocess.run(["bash", "-c", CHECKS, "bash", TESTS, signal],
                         env=os.environ | {"work": str(tmp_path)}, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1] == "1 passed, 1 failed", run.stdout + run.stderr
    assert "FAILED  interrupted" in run.stdout and "never reached" not in run.stdout
