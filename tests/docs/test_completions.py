"""What bash, zsh and fish offer when Tab is pressed: all that --help names, and what is in the CDN."""
import os
import re
import signal
import socket
import subprocess

import pytest

from cluster import Cluster
from harness import BIN, PATIENCE, ROOT, clean_env, wait_for

FOLDER = ROOT / "completions"
PROGRAMS = {"cdnctl": "cdnctl", "cdnfs": "cdnfs", "mount.cdnfs": "cdnfs", "cdn-dist": "dist", "cdn-node": "node"}
BASH = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
_cdn "${2%% *}"
printf '%s\n' "${COMPREPLY[@]}"
"""
LISTS = {
    "bash": lambda line: ["bash", "--norc", "-c", BASH, "bash", FOLDER / "cdn.bash", line],
    "zsh": lambda line: ["zsh", "-f", ROOT / "tests/docs/complete.zsh", FOLDER, line],
    "fish": lambda line: ["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", FOLDER / "cdn.fish", line],
}
SHELLS = {
    "bash": ["bash", "--rcfile", "{home}/rc", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "--no-config", "-i", "-C", "source {folder}/cdn.fish; function fish_prompt; echo 'now> '; end"],
}


@pytest.fixture(params=LISTS)
def shell(request):
    return request.param


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A CDN with a few names."""
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=1)
    mode = {"mode": 0o755, "uid": 0, "gid": 0}
    made = one.fs({"op": "mkdir", "dir": 1, "name": "pictures", **mode})[0]
    for name in ("33", "plain", "two words", "5%25", "a:b=c,d", "line%0Aend"):
        one.fs({"op": "create", "dir": 1, "name": name, **mode})
    for name in ("one.jpg", "44"):
        one.fs({"op": "create", "dir": made["attr"]["id"], "name": name, **mode})
    yield one
    one.close()


@pytest.fixture
def env(tmp_path):
    """Programs by their installed names, files to name, and nobody's own settings."""
    home = tmp_path / "home"
    for folder in ("bin", "home/files/folder"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("alone", "own file"):
        (home / "files" / name).touch()
    for name, program in PROGRAMS.items():
        (tmp_path / "bin" / name).symlink_to(BIN / program)
    (home / "rc").write_text(f"PS1='now> '\nHISTFILE=\nsource {FOLDER}/cdn.bash\n")
    (home / ".zshrc").write_text(f"PROMPT='now> '\nfpath=({FOLDER} $fpath)\nautoload -Uz compinit && compinit -u -D\n")
    return clean_env(PATH=f"{tmp_path}/bin:{os.environ['PATH']}", HOME=str(home), ZDOTDIR=str(home), TERM="xterm",
                     XDG_CONFIG_HOME=str(home), XDG_DATA_HOME=str(home), INPUTRC="/dev/null", LC_ALL="C.UTF-8",
                     CDN_LS_SECONDS=str(PATIENCE))


def offered(shell, line, env, **more):
    """The last part of each, a name of an option with its =; nothing else is printed."""
    done = subprocess.run(LISTS[shell](line), env={**env, **more}, cwd=env["HOME"] + "/files", text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * PATIENCE)
    assert done.stderr == ""
    found = [re.sub(r"\t.*", "", one).rstrip(" ,/") for one in done.stdout.splitlines()]
    return {re.sub(r"^.*[=,/](?=.)", "", one).replace("\\", "") for one in found} - {""}


def typed(shell, line, tail, env, **more):
    """The words that a command gets when LINE and Tab are typed at a prompt of the shell, and `tail` has been shown."""
    home = env["HOME"]
    master, slave = os.openpty()
    words = [w.format(home=home, folder=FOLDER) for w in SHELLS[shell]]
    p = subprocess.Popen(["setsid", "--ctty", "--wait", *words], stdin=slave, stdout=slave, stderr=slave,
                         cwd=home + "/files", env={**env, **more}, start_new_session=True)
    os.close(slave)
    os.set_blocking(master, False)
    shown = bytearray()

    def read():
        try:
            while piece := os.read(master, 65536):
                shown.extend(piece)
        except BlockingIOError:
            pass
        except OSError:  # EIO: the shell has gone
            return True
        return p.poll() is not None

    try:
        wait_for("a prompt", lambda: read() or b"now> " in shown)
        # as people do: with all of it typed ahead, zsh on a busy machine was seen to complete nothing
        at = len(shown)
        os.write(master, f"{line}\t".encode())
        wait_for("the completion", lambda: read() or tail.encode() in shown[at:])
        # to the begin of the line, what shows the words, to its end
        os.write(master, f"\x01printf '%s\\n' \x05 > ../words; exit\r".encode())
        wait_for("the end of the shell", read)
    finally:
        if p.poll() is None:
            os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        os.close(master)
    assert os.path.exists(home + "/words"), shown.decode(errors="replace")
    with open(home + "/words", encoding="utf-8") as f:
        return f.read().splitlines()


def helped(program, env):
    """What its --help names: options with = when they have a value, words of mount(8), commands."""
    text = subprocess.run([program, "--help"], env=env, check=True, text=True, stdout=subprocess.PIPE).stdout
    options = set(re.findall(r"^  (--[a-z-]+=?)", text, re.M)) or set(re.findall(r"^  ([a-z_]+=)\S+$", text, re.M))
    words = re.search(r"^Of mount\(8\):\n\n  (.*)", text, re.M)
    commands = re.findall(r"^  ([a-z]+) ", text.split("Options:")[0], re.M) if "COMMAND" in text else []
    return options, set(words[1].split()) if words else set(), set(commands)


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_options_of_help(shell, program, env):
    options, words, _ = helped(program, env)
    assert len(options) > 10
    if words:
        assert offered(shell, f"{program} -o ", env) == options | words
        assert offered(shell, f"{program} -", env) >= {"-f", "-o", "-h", "--help", "--version"}
    else:
        assert offered(shell, f"{program} --", env) == options


def test_all_commands_of_help(shell, env):
    commands = helped("cdnctl", env)[2]
    assert "status" in commands and len(commands) > 10
    assert offered(shell, "cdnctl ", env) == commands
    assert offered(shell, "cdnctl st", env) == {"status", "stats"}
    assert offered(shell, "cdnctl --json --url http://127.0.0.1:1 --watch do", env) == {"doctor"}


@pytest.mark.parametrize("line, expected", [
    ("cdn-dist --log-level=", {"error", "warn", "info", "debug"}),
    ("cdn-node --log-level d", {"debug"}),
    ("cdn-dist --config=a", {"alone"}),
    ("cdn-dist --config ", {"alone", "folder", "own file"}),
    ("cdn-node --storage=", {"folder"}),
    ("cdn-node --listen=", set()),
    ("cdnctl put o", {"own file"}),
    ("cdnctl put ./fo", {"folder"}),
    ("cdnctl put 'own f", {"own file"}),
    ("cdnctl protect ", {"folder"}),
    ("cdnctl scenario ", set()),
    ("cdnctl --expires st", set()),
    ("cdnfs -o ro,log_level=", {"error", "warn", "info", "debug"}),
    ("cdnfs -o ro,ur", {"url="}),
    ("cdnfs -o ro,r", {"rw"}),
    ("cdnfs -o timeout=5,staging=", {"folder"}),
    ("cdnfs -oro,token_file=al", {"alone"}),
    ("cdnfs -o uid=roo", {"root"}),
    ("mount.cdnfs -o ca_file=al", {"alone"}),
    ("cdnfs http://h:80 ", {"folder"}),
])
def test_values(shell, line, expected, env):
    assert offered(shell, line, env) == expected


@pytest.mark.parametrize("line, expected", [
    ("cdnctl ls ", {"pictures", "plain", "two words", "5%", "a:b=c,d"}),
    ("cdnctl ls /", {"pictures", "plain", "two words", "5%", "a:b=c,d", "33"}),
    ("cdnctl rm p", {"pictures", "plain"}),
    ("cdnctl get pictures/", {"one.jpg", "44"}),
    ("cdnctl get /pictures/o", {"one.jpg"}),
    ("cdnctl get plain a", {"alone"}),
    ("cdnctl put alone pi", {"pictures"}),
    ("cdnctl locate 'two ", {"two words"}),
    ("cdnctl get none/", set()),
])
def test_paths_of_the_cdn(shell, line, expected, tree, env):
    expected = {re.sub(r"^.*[=,/]", "", one) for one in expected}
    assert offered(shell, line, env, CDN_URL=tree.url) == expected
    flags = line.replace("cdnctl", f"cdnctl --url={tree.url}")
    assert offered(shell, flags, env) == expected


def test_a_server_that_is_away_or_silent(shell, env):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert offered(shell, "cdnctl ls p", env, CDN_URL=url, CDN_LS_SECONDS="0.1") == set()
    assert offered(shell, "cdnctl ls p", env, CDN_URL=url) == set()


def test_a_program_that_says_nothing(shell, env):
    os.unlink(env["PATH"].split(":")[0] + "/cdnctl")
    os.symlink("/bin/false", env["PATH"].split(":")[0] + "/cdnctl")
    assert offered(shell, "cdnctl st", env) == set()


@pytest.mark.parametrize("line, words", [
    ("cdnctl prot", ["cdnctl", "protect"]),
    ("cdn-dist --log-level=w", ["cdn-dist", "--log-level=warn"]),
    ("cdnfs -o ro,allow_o", ["cdnfs", "-o", "ro,allow_other"]),
    ("cdnfs -o timeout=5,log_level=de", ["cdnfs", "-o", "timeout=5,log_level=debug"]),
    ("cdnctl put ow", ["cdnctl", "put", "own file"]),
    ("cdnctl get two", ["cdnctl", "get", "two words"]),
    ("cdnctl get /pictures/o", ["cdnctl", "get", "/pictures/one.jpg"]),
    ("cdnctl --url=URL get pl", ["cdnctl", "--url=URL", "get", "plain"]),
])
def test_typed(shell, line, words, tree, env):
    assert typed(shell, line.replace("URL", tree.url), words[-1][-3:], env, CDN_URL=tree.url) == [w.replace("URL", tree.url) for w in words]
