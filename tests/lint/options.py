#!/usr/bin/env python3
"""Fails when docs/configure.md, the samples in local/etc and the programs' --help do not name the same options, variables
and defaults.

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


def defaults(program):
    """name → default or None, of all options that a file may hold."""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    text = re.sub(r"(?<=\S)\n {8}", " ", text)  # the mount's have a line of their own
    dashes = "" if program.name == "cdnfs" else "--"
    value = r"(?:=\S+)?" if dashes else r"=\S+"  # the mount has words without value, for mount(8)
    found = {}
    for name, rest in re.findall(rf"^  {dashes}([a-z_-]+){value} +(.*)$", text, re.M):
        default = re.search(r"[ (;]default ([^ ;)]+)[;)]?(?: ?\$\w+)?\)?$", rest)
        found[name] = default and default[1]
    return {n: d for n, d in found.items() if n not in ("help", "version", "config")}


def check_sample(program, sample):
    """Each option stands in it once, with its default; lines that count are set on purpose."""
    text = sample.read_text(encoding="utf-8")
    lines = re.findall(r"^(#?)([a-z_-]+) = (\S+)$", text, re.M)
    bad = [f"{sample}: {n} stands there twice" for n in {n for _, n, _ in lines} if sum(m == n for _, m, _ in lines) > 1]
    known = defaults(program)
    bad += [f"{sample}: lacks {n}" for n in known if n not in {m for _, m, _ in lines}]
    bad += [f"{sample}: {n} is no option" for _, n, _ in lines if n not in known]
    return bad + [f"{sample}: {n}: the default is {known[n]}" for off, n, v in lines if off and known.get(n, v) not in (None, v)]


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
        if name != "cdnctl":
            bad += check_sample(bins / name, pathlib.Path(f"local/etc/{name}.conf"))
    for option in sorted(o for o in written if re.fullmatch(r"--[a-z-]+", o)):
        if option not in flags | {"--help", "--version"}:
            bad.append(f"docs/configure.md: {option} is no program's option")
    print("\n".join(bad) if bad else "options: as documented")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
