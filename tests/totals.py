#!/usr/bin/python3
"""totals.py FILE: "PASSED FAILED" of pytest's --junitxml. A test that fails and whose fixtures then fail too is two entries
there and one test here. Without a readable file (pytest broke) 0 0."""

import sys
import xml.etree.ElementTree as xml


def totals(path):
    passed, failed = set(), set()
    try:
        cases = list(xml.parse(path).iter("testcase"))
    except (OSError, xml.ParseError):
        return 0, 0
    for case in cases:
        name = case.get("classname"), case.get("name")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is None:
            passed.add(name)
    return len(passed - failed), len(failed)


if __name__ == "__main__":
    print(*totals(sys.argv[1]))
