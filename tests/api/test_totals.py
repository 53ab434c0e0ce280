"""What `make test` counts (tests/totals.py): tests, whatever their messages say and however often they fail."""

import os
import subprocess
import sys

TOTALS = os.path.join(os.path.dirname(__file__), "..", "totals.py")

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
