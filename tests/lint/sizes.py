#!/usr/bin/env python3
"""Fails when a C file is longer than 600 lines or a function than 80 (its braces included).

Functions are found by the layout that clang-format enforces: the body opens with a brace alone in
the first column and closes with one. Tables (`… = {`) do not count."""
import pathlib
import sys

FILE_MAX, FUNCTION_MAX = 600, 80
FOLDERS = ("cdnfs", "dist", "node", "common", "tests")


def functions(lines):
    """(first line, length) of every function body."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def main():
    bad = []
    for folder in FOLDERS:
        for src in sorted(pathlib.Path(folder).rglob("*.[ch]")):
            lines = src.read_text(encoding="utf-8").splitlines()
            if len(lines) > FILE_MAX:
                bad.append(f"{src}: {len(lines)} lines, more than {FILE_MAX}")
            for start, length in functions(lines):
                if length > FUNCTION_MAX:
                    bad.append(f"{src}:{start}: a function of {length} lines, more than {FUNCTION_MAX}")
    print("\n".join(bad) if bad else "sizes: every file and function is within its budget")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
