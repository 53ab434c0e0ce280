"""cdnctl as scripts and as people at a terminal run it."""
import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

from harness import BIN, PATIENCE, clean_env, wait_for


def cdnctl(url, *args, env=None, **kw):
    return subprocess.run([BIN / "cdnctl", f"--url={url}", *map(str, args)], capture_output=True, timeout=3 * PATIENCE,
                          check=False, env=clean_env(**(env or {})), **kw)


def on_terminal(args, columns=100, rows=24, env=None, everything=False, until=None):
    """Status, output, and what the terminal got that is its stderr, with `everything` its stdout, too. until(what it got
    so far): end it by SIGTERM then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    p = subprocess.Popen([BIN / "cdnctl", *map(str, args)], stdin=subprocess.DEVNULL,
                         stdout=slave if everything else subprocess.PIPE, stderr=slave,
                         env=clean_env(**{"TERM": "xterm", **(env or {})}))
    os.close(slave)
    got = []

    def read():
        with contextlib.suppress(OSError):  # EIO: all have closed it
            while piece := os.read(master, 65536):
                got.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    if until:
        wait_for("what it should show", lambda: until(b"".join(got).decode(errors="replace")) or p.poll() is not None)
        p.terminate()
    out, _ = p.communicate(timeout=3 * PATIENCE)
    reader.join()
    os.close(master)
    return p.returncode, (out or b"").decode(), b"".join(got).decode()
