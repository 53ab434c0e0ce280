#!/usr/bin/env python3
"""Fails when docs/configure.md and the programs' --help do not name the same options and variables.

CDN_BIN: the folder of the programs."""
import os
import pathlib
import re
import subprocess
import sys


def shown(program):
    """Options and variables in --help; the mount's are -o options, without dashes."""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    dashes = "" if program.name == "cdnfs" else "--"
    options = {dashes + o for o in re.findall(r"^ +--([a-z_-]+)", text, re.M)}
    return options - {dashes + "help", dashes + "version"}, set(re.findall(r"\(\$([A-Z_]+)", text))


def main():
    bins = pathlib.Path(os.environ.get("CDN_BIN", "build/bin"))
    docs = pathlib.Path("docs/configure.md").read_text(encoding="utf-8")
    docs = re.sub(r"^```.*?^```", "", docs, flags=re.M | re.S)
    written = set(re.findall(r"`([^`]+)`", docs))
    bad, flags = [], set()
    for name in ("dist", "node", "cdnfs", "cdnctl"):
        options, variables = shown(bins / name)
        flags |= options
        bad += [f"docs/configure.md: lacks {o} of {name}" for o in sorted((options | variables) - written)]
    for option in sorted(o for o in written if re.fullmatch(r"--[a-z-]+", o)):
        if option not in flags | {"--help", "--version"}:
            bad.append(f"docs/configure.md: {option} is no program's option")
    print("\n".join(bad) if bad else "options: as documented")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
