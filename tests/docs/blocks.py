"""blocks - the commands of a document: what is indented by four columns, and what is fenced as ```sh."""
import dataclasses
import re
import subprocess

DATA = {"yaml", "text"}  # fences that hold no commands
FENCE = re.compile(r" {0,3}```(\S*)\s*$")


@dataclasses.dataclass
class Command:
    """One command as it stands there, which may have several lines. chapter: the heading above it."""
    chapter: str
    line: int
    text: str


class Unclear(Exception):
    """What a block is, or where a command of it ends, cannot be told."""


def chunks(text):
    """(chapter, number of the first line, lines) of every block of commands."""
    chapter, fence, lines, first, may_begin = "", None, [], 0, True
    for number, line in enumerate([*text.splitlines(), ""], 1):
        mark = FENCE.match(line)
        if fence is not None:
            if mark:
                if fence == "sh":
                    yield chapter, first, lines
                fence, lines, may_begin = None, [], True
            elif fence == "sh":
                lines.append(line)
            continue
        indented = line.startswith(("    ", "\t"))
        if indented and (lines or may_begin):
            first = first if lines else number
            lines.append(line.removeprefix("    ").removeprefix("\t"))
            continue
        if lines and line.strip():
            while lines and not lines[-1].strip():
                lines.pop()
            yield chapter, first, lines
            lines = []
        elif lines:
            lines.append("")  # a blank line in a block, or behind it
        if mark:
            fence, first = mark[1], number + 1
            if fence not in DATA | {"sh"}:
                raise Unclear(f"line {number}: a fence is ```sh, or one of {', '.join(sorted(DATA))}")
        if re.match("#+ ", line):
            chapter = line.lstrip("#").strip()
        # an indented line goes on with a paragraph, a list or a table that is right above
        may_begin = not line.strip() or line.startswith("#")
    if fence is not None:
        raise Unclear("the last fence is not closed")
    if lines:
        yield chapter, first, [x for x in lines if x.strip()]


def is_whole(text):
    """Whether the shell takes it as it is, and would not read on."""
    done = subprocess.run(["bash", "-n"], input=text + "\n", check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done.returncode == 0 and not done.stderr and not text.endswith("\\")


def commands(text):
    """Every command of a document, in its order."""
    found = []
    for chapter, first, lines in chunks(text):
        pending, start = [], first
        for number, line in enumerate(lines, first):
            if not pending:
                start = number
            pending.append(line)
            if is_whole("\n".join(pending)):
                if line.strip() and not line.lstrip().startswith("#"):
                    found.append(Command(chapter, start, "\n".join(pending)))
                pending = []
        if pending:
            raise Unclear(f"line {start}: the shell does not take this:\n" + "\n".join(pending))
    return found
