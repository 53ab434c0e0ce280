#!/usr/bin/env python3
"""Fails when a file includes something that is not below it.

Each room's README lists its files under "Reading order", top first, as lines like
"3. `blob` – what it is". A file may include headers of files later in its own list and anything
in common/; the three programs never include one another."""
import pathlib
import re
import sys

ROOMS = ("cdnfs", "dist", "node", "common")


def reading_order(room):
    """File stems in the order of the room's README; what stands outside the section is ignored."""
    readme = pathlib.Path(room, "README.md")
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    section = re.split(r"^## ", text.split("## Reading order", 1)[-1], maxsplit=1, flags=re.M)[0]
    return re.findall(r"^\d+\. `(\w+)(?:\.[ch])?`", section, re.M)


def main():
    bad = []
    for room in ROOMS:
        order = reading_order(room)
        rank = {name: i for i, name in enumerate(order)}
        files = sorted(pathlib.Path(room).glob("*.[ch]"))
        stems = {f.stem for f in files}
        bad += [f"{room}/README.md: lists `{n}`, which is not there" for n in order if n not in stems]
        bad += [f"{room}/README.md: lists `{n}` twice" for n in rank if order.count(n) > 1]
        for src in files:
            if src.stem not in rank:
                bad.append(f"{src}: is not in {room}/README.md")
                continue
            includes = re.findall(r'^#include "([^"]+)"', src.read_text(encoding="utf-8"), re.M)
            if src.suffix == ".c" and src.stem in {h.stem for h in files if h.suffix == ".h"}:
                if includes[:1] != [f"{room}/{src.stem}.h"]:
                    bad.append(f"{src}: does not include its own header first")
            for inc in includes:
                where, _, name = inc.partition("/")
                stem = pathlib.Path(name).stem
                if not name or where not in ROOMS:
                    bad.append(f'{src}: includes "{inc}", which is not a path from the root')
                elif where == room and stem != src.stem and rank.get(stem, -1) < rank[src.stem]:
                    bad.append(f"{src}: includes {inc}, which is above it")
                elif where not in (room, "common"):
                    bad.append(f"{src}: includes {inc}, another program's")
    print("\n".join(bad) if bad else "layers: nothing points up")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
