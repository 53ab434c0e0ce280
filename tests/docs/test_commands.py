"""The documents' commands, each as it is written, in their order."""
import pathlib
import re
import shlex
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from blocks import Unclear, commands  # noqa: E402  (found by the path above)
from harness import ROOT, SANITIZED  # noqa: E402
from prepare import DOCUMENTS, ELSEWHERE, HELPERS, Chapter  # noqa: E402
from world import World  # noqa: E402

SECONDS = 800  # builds the programs more than once


@pytest.fixture(scope="module")
def found():
    return {name: commands((ROOT / name).read_text(encoding="utf-8")) for name in DOCUMENTS}


def quiet(text):
    return f"{{ set +x; }} 2> /dev/null\n{text}\nset -x\n"


def as_nobody(text):
    return f"as_nobody bash -euxc {shlex.quote(text)}"


def script(name, found):
    """All of a document: the chapters' commands, and what is around them."""
    begin, chapters = DOCUMENTS[name]
    parts = ["set -euo pipefail", HELPERS, begin, "at() { { place=$1; } 2> /dev/null; }",
             "trap 'rc=$?; set +x; [ $rc = 0 ] || echo \"== $place ended with status $rc\"' EXIT", "set -x"]
    last = None
    for c in [*found, None]:
        if last and (not c or c.chapter != last):
            after = chapters.get(last, Chapter()).after
            parts += [f"at {shlex.quote(f'{name}: after {last}')}", after]
        if not c:
            break
        chapter = chapters.get(c.chapter, Chapter())
        if c.chapter != last:
            parts += [f"at {shlex.quote(f'{name}: before {c.chapter}')}", chapter.before]
            last = c.chapter
        if c.text in ELSEWHERE:
            continue
        parts += [f"at {name}:{c.line}", c.text if chapter.user == "root" else as_nobody(c.text)]
        # what stands before && may fail without ending the shell
        parts += ["{ rc=$?; [ $rc = 0 ] || exit $rc; } 2> /dev/null"]
    return "\n".join(parts) + "\n"


@pytest.mark.skipif(SANITIZED, reason="builds and installs the programs as users do, without sanitizers")
@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_works_as_written(name, found):
    world = World(ROOT)
    try:
        status, said = world.run(script(name, found[name]), SECONDS)
    finally:
        world.close()
    assert status == 0, "\n".join(said.splitlines()[-60:])
    assert not world.base.exists()


def test_nothing_is_prepared_for_what_is_not_there(found):
    for name, (_, chapters) in DOCUMENTS.items():
        assert set(chapters) <= {c.chapter for c in found[name]}
    assert set(ELSEWHERE) <= {c.text for every in found.values() for c in every}


def test_commands_are_found():
    text = """# One
    a
    b \\
      c

Text
    no command: it goes on with the text

    d <<END
    in d
    END
## Two
```sh
while e
do f; done
# a remark
```
```yaml
g: h
```
- item

        i
"""
    assert [(c.chapter, c.line, c.text) for c in commands(text)] == [
        ("One", 2, "a"), ("One", 3, "b \\\n  c"), ("One", 9, "d <<END\nin d\nEND"), ("Two", 14, "while e\ndo f; done"),
        ("Two", 23, "    i")]


@pytest.mark.parametrize("text", ["```\na\n```\n", "```bash\na\n```\n", "```sh\na\n", "    if a\n"])
def test_what_is_unclear_is_refused(text):
    with pytest.raises(Unclear):
        commands(text)


# operate.md's tables of errors
PLACEHOLDER = re.compile(r"…|\b(?:N|M|PATH|URL|HOST:PORT|ID|FILE:LINE)\b")


def said_by_programs():
    """Every text in the sources, as one, without what printf fills in."""
    texts = []
    for room in ("common", "dist", "node", "cdnfs"):
        for source in sorted((ROOT / room).glob("*.c")):
            code = source.read_text(encoding="utf-8").replace('HELPER "', '"fusermount3')
            code = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", code)
            texts += re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    return "\n".join(texts)


def errors():
    text = (ROOT / "docs/operate.md").read_text(encoding="utf-8").split("## What errors mean")[1]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ") and "`" in line.split("|")[1]]
    return [message for row in rows for message in re.findall("`([^`]+)`", row)]


def test_errors_that_are_explained_are_said():
    import errno  # noqa: PLC0415
    import os  # noqa: PLC0415
    said, by_kernel = said_by_programs(), {os.strerror(n) for n in errno.errorcode}
    names = {"close", "cdnctl", "distributor"}
    missing = []
    for message in errors():
        if message in by_kernel | names:
            continue
        pieces = [p.strip(" :,;") for p in PLACEHOLDER.split(message)]
        missing += [(message, p) for p in pieces if p and p not in said]
    assert len(errors()) > 50 and not missing, missing
