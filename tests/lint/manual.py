#!/usr/bin/env python3
"""Fails when a manual page is badly made, or lacks something that its program's --help says.

CDN_BIN: the folder of the programs; the pages are in man/ beside it."""
import os
import pathlib
import re
import subprocess
import sys

PAGES = {"cdnfs.8": "cdnfs", "mount.cdnfs.8": "cdnfs", "cdnctl.1": "cdnctl", "cdn-dist.8": "dist",
         "cdn-node.8": "node", "cdnfs.conf.5": "cdnfs", "nodes.yml.5": None}
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"]
COMMANDS = SECTIONS + ["OPTIONS", "ENVIRONMENT", "EXIT STATUS"]


def said(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace").strip()
    return text or (f"{command[0]}: status {done.returncode}" if done.returncode else "")


def shown(page):
    """The page as it is read, each paragraph one line."""
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=1000", page], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return re.sub(".\b", "", text)


def promised(name, known):
    """Names and texts in --help that the page has to have."""
    if name == "mount.cdnfs.8":
        found = re.findall(r"^  (\w+ \w+ .*)", known, re.M)
    elif name.startswith("cdnfs"):
        found = re.findall(r"^  ([a-z_]+=\S+)\n +(.*)", known, re.M)
    else:
        found = re.findall(r"^  (--\S+) +(.*)", known, re.M)
    if name == "cdnctl.1":
        found += re.findall(r"^  ([a-z]+ +(?:[][A-Z|]+ )*) *(.*)", known, re.M)
        found += re.findall(r"^  (\d)  (.*)", known, re.M)
    if not found:
        raise SystemExit(f"{name}: nothing found in --help")
    for texts in found:
        yield from [texts] if isinstance(texts, str) else texts


def check_text(name, text, program):
    if "@" in re.sub(r"\w+:\w+@|\w@\w", "", text):
        yield "has an @ left"
    for section in COMMANDS if name[-1] != "5" else SECTIONS:
        if not re.search(rf"^{section}$", text, re.M):
            yield f"has no section {section}"
    for other in re.findall(r"\b((?:mount\.)?cdn[a-z.-]*|nodes\.yml)\((\d)\)", text):
        if ".".join(other) not in PAGES:
            yield f"tells of {other[0]}({other[1]}), which is no page"
    if not program:
        return
    known = said(program, "--help") + "\n"
    flat = " ".join(text.split())
    for words in promised(name, known):
        if " ".join(words.split()) not in flat:
            yield f"lacks what --help says: {words}"
    for variable in re.findall(r"\$([A-Z_]+)", known):
        if name not in ("mount.cdnfs.8", "cdnfs.conf.5") and not re.search(rf"^ +{variable}\b", text, re.M):
            yield f"lacks the variable {variable}"
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)):
        if option not in known and option not in ("--help", "--version"):
            yield f"has {option}, which --help does not"


def main():
    bins = pathlib.Path(os.environ.get("CDN_BIN", "build/bin"))
    bad = []
    for name, program in PAGES.items():
        page = bins.parent / "man" / name
        problems = [said("groff", "-man", "-ww", "-Tutf8", "-z", page),
                    said("mandoc", "-T", "lint", "-W", "warning", page)]
        problems += check_text(name, shown(page), program and bins / program)
        bad += [f"{name}: {p}" for p in problems if p]
    print("\n".join(bad) if bad else "manual: well made, and as --help says")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
