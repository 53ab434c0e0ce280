"""Configuration of dist and node: flags, environment and file say the same, and what is wrong in them is told."""
import re
import subprocess
import urllib.parse

import pytest

from cluster import free_port, http, wait_for
from harness import BIN, ROOT, clean_env

PROGRAMS = ("dist", "node")


def rows(program):
    """(name, what stands for the value or None, variable or None) of every option in --help."""
    text = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True, env=clean_env()).stdout
    found = re.findall(r"^  --([a-z-]+)(?:=(\S+))? .*?(?:\(\$([A-Z_]+)[;)].*)?$", text, re.M)
    return [(n, v or None, e or None) for n, v, e in found if n not in ("help", "version")]


def refused(program, *args, **env):
    """What is said; status 2."""
    got = subprocess.run([BIN / program, *args], capture_output=True, text=True, timeout=60, check=False, env=clean_env(**env))
    assert got.returncode == 2 and got.stdout == "", got
    lines = got.stderr.splitlines()
    assert len(lines) == 1, got.stderr
    return lines[0]


TYPED = {"N": "whole number", "MS": "whole number", "SECONDS": "whole number", "SIZE": "is not a size", None: "neither yes nor no",
         "error|warn|info|debug": "is not one of error|warn|info|debug"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_value_is_named_wherever_it_stands(program, tmp_path):
    conf, checked = tmp_path / "conf", 0
    for name, value, variable in rows(program):
        if name == "config":
            continue
        if value in TYPED:
            bad, why = "wr@ng", f'"wr@ng".*{re.escape(TYPED[value])}|{re.escape(TYPED[value])}'
        else:
            bad, why = "", "is empty"
        said = [refused(program, f"--{name}={bad}")]
        assert re.search(rf"--{name}: .*({why})", said[0]), said
        conf.write_text(f"# first\n\n{name} = {bad}\n")
        said.append(refused(program, f"--config={conf}"))
        assert re.search(rf"{re.escape(str(conf))}:3: {name}: .*({why})", said[1]), said
        if variable and bad:
            said.append(refused(program, **{variable: bad}))
            assert re.search(rf"\b{variable}: .*({why})", said[2]), said
        checked += len(said)
    assert checked > 30


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("text, said", [
    ("lisen = 127.0.0.1:1", "conf:1: unknown option lisen; did you mean listen?"),
    ("listen", 'conf:1: "listen" is not of the form "name = value"'),
    ("# all is well\nconfig = other", "conf:2: config: a file does not name another"),
    ("workers = 0", 'conf:1: workers: "0" is not a whole number from 1 to'),
])
def test_a_wrong_line_is_named(program, text, said, tmp_path):
    (tmp_path / "conf").write_text(text)
    assert said in refused(program, "--config", tmp_path / "conf")
    assert said in refused(program, CDN_CONFIG=str(tmp_path / "conf"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_file_that_is_named_must_be_there(program, tmp_path):
    assert "No such file" in refused(program, f"--config={tmp_path}/none")
    assert "No such file" in refused(program, CDN_CONFIG=f"{tmp_path}/none")
    assert "needs a value" in refused(program, "--config")


def test_flag_wins_over_environment_over_file(new_cdn, tmp_path):
    c = new_cdn()
    (tmp_path / "conf").write_text("poll = 0\n")
    assert ":1: poll" in refused("dist", f"--config={tmp_path}/conf")
    c.stop("dist")
    file, env, flag = free_port(), free_port(), free_port()
    (tmp_path / "conf").write_text(f"listen = 127.0.0.1:{file} # a remark\npoll_ms= 5\n".replace("poll_ms", "poll"))
    args = [a for a in c.args["dist"] if not str(a).startswith("--listen=")] + [f"--config={tmp_path}/conf"]
    for more, variables, port in [([], {}, file), ([], {"LISTEN": f"127.0.0.1:{env}"}, env),
                                  ([f"--listen=127.0.0.1:{flag}"], {"LISTEN": f"127.0.0.1:{env}"}, flag)]:
        c.args["dist"], c.ports["dist"], before = args + more, port, c.env
        c.env = {**before, **variables}
        c.start("dist")
        assert http("GET", f"http://127.0.0.1:{port}/health").status_code == 200
        c.stop("dist")
        c.env = before
    c.start("dist")


@pytest.mark.parametrize("url", [
    "postgresql://me:hush-hush@127.0.0.1/db", "postgres://:hush-hush@h/db", "postgresql:///db?password=hush-hush&user=x",
    "postgresql://me:hush:hush-hush@[::1]:5432/db",
])
def test_no_password_among_the_arguments(url):
    said = refused("dist", "--database", url)
    assert "hush" not in said and "$DATABASE_URL" in said and "--config" in said


@pytest.fixture
def address(request):
    """(user, host and port, name) of the tests' PostgreSQL."""
    url = urllib.parse.urlsplit(request.getfixturevalue("pg").database())
    return url


def logs_of_a_start(tmp_path, until, **more):
    """What dist logs at level debug, until that is there; then it is stopped."""
    log = tmp_path / "log"
    with open(log, "wb") as out, subprocess.Popen(
            [BIN / "dist", f"--listen=127.0.0.1:{free_port()}", f"--nodes={tmp_path}/nodes.yml", "--log-level=debug"],
            stdout=out, stderr=out, env=clean_env(**more)) as dist:
        try:
            wait_for(until, lambda: until in log.read_text() or dist.poll() is not None)
        finally:
            dist.terminate()
    text = log.read_text()
    assert until in text
    return text


@pytest.mark.parametrize("way", ["environment", "file", "PGPASSWORD"])
@pytest.mark.parametrize("trouble", ["none", "away", "unknown user", "no such database", "bad escape", "bad port"])
def test_the_password_is_in_no_log(address, tmp_path, way, trouble):
    (tmp_path / "nodes.yml").write_text("nodes:\n  dist: {host: 127.0.0.1, port: 8000}\n")
    options = dict(urllib.parse.parse_qsl(address.query))
    secret, host, name = "hush-hush", address.netloc.rsplit("@", 1)[-1], address.path[1:]
    user = options.pop("user", address.username or "postgres")
    until = "waiting for the database"
    if trouble == "none":
        until = "ready"
    elif trouble == "away":
        host, options = f"127.0.0.1:{free_port()}", {}
    elif trouble == "unknown user":
        user = "nobody-of-that-name"
    elif trouble == "no such database":
        name = "none-of-that-name"
    elif trouble == "bad escape":
        name, until = "db%zz", "the database URL is none"
    else:
        host, options = "127.0.0.1:x1x", {}
    word = "" if way == "PGPASSWORD" else f":{secret}"
    query = f"?{urllib.parse.urlencode(options)}" if options else ""
    url = f"postgresql://{user}{word}@{host}/{name}{query}"
    if way == "file":
        (tmp_path / "conf").write_text(f"database = {url}\n")
        env = {"CDN_CONFIG": str(tmp_path / "conf")}
    else:
        env = {"DATABASE_URL": url, **({"PGPASSWORD": secret} if way == "PGPASSWORD" else {})}
    assert secret not in logs_of_a_start(tmp_path, until, **env)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_sample_is_well(program, tmp_path):
    sample = (ROOT / f"local/etc/{program}.conf").read_text()
    for text in (sample, re.sub(r"^#([a-z-]+ = )", r"\1", sample, flags=re.M)):  # as it is, and all of it
        (tmp_path / "conf").write_text(text)
        assert "--workers:" in refused(program, f"--config={tmp_path}/conf", "--workers=0")
