"""harness - a CDN of its own for tests: dist, nodes and mounts, on free ports and in a folder of their own."""
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("CDN_BIN", ROOT / "build" / "bin"))
SANITIZED = bool(os.environ.get("SAN"))
PATIENCE = 120 if SANITIZED else 60  # seconds, for what takes a fraction of one on a machine that is not busy
FINDINGS = re.compile(
    r"ERROR: AddressSanitizer|runtime error:|ThreadSanitizer|LeakSanitizer|Assertion")
OURS = re.compile(r"CDN|LISTEN|DATABASE_URL|NODES$|NODE_NAME|POLL_MS|STORAGE|DIST_|TRASH_TTL"
                  r"|PROTECT_READS|ACCESS_LOG|TLS_|MAX_STORAGE|LOG_LEVEL")


def clean_env(**more):
    """This process's environment without what would configure the programs."""
    env = {k: v for k, v in os.environ.items() if not OURS.match(k) or k == "CDN_BIN"}
    env.update(more)
    return env


def wait_for(what, check, seconds=PATIENCE):
    """Asks check() until it says something true, which is returned; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.01)


def unmount(path, *tool, seconds=PATIENCE):
    """As people do; again while another test's df or cdnctl, which look at every mount of the machine, keeps it busy."""
    wait_for(f"the unmounting of {path}", lambda: subprocess.run(
        [*(tool or ("umount",)), path], check=False, timeout=seconds).returncode == 0, seconds)


class Ports:
    """Ports that no other test process on this machine takes: tests run in several processes at once (run.sh, or two
    runs). A part of the range is this process's while it holds the abstract socket of that number."""
    FIRST, EACH, PARTS = 15000, 500, 32

    def __init__(self):
        self._claim = socket.socket(socket.AF_UNIX)
        self._cycle = None

    def next(self):
        """Each of the part once, in random order, then all again."""
        self._cycle = self._cycle or itertools.cycle(random.sample(self._take(), self.EACH))
        return next(self._cycle)

    def _take(self):
        for part in random.sample(range(self.PARTS), self.PARTS):
            with contextlib.suppress(OSError):
                self._claim.bind(f"\0cdnfs-tests-ports-{part}")
                first = self.FIRST + self.EACH * part
                return range(first, first + self.EACH)
        raise RuntimeError(f"{self.PARTS} test processes run already")


PORTS = Ports()


def free_ports(count):
    """Different free ports, below those that the kernel gives to outgoing connections, so that a server which is
    started again finds its own still free. One that was given out comes again only after all others: whoever got it
    need not listen yet."""
    ports = []
    while len(ports) < count:
        port = PORTS.next()
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


def get_json(url, timeout=5, token=None, trust=None):
    """The JSON that GET url answers, or None while there is no good answer. trust: an SSL context."""
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout,
                                    context=trust) as answer:
            return json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return None


def mounted(path):
    """True while something is mounted at path; touches no file system."""
    want = str(path).replace(" ", "\\040")
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as f:
        return any(line.split()[4] == want for line in f)


class Process:
    """One running program; its output goes to the end of a log."""

    def __init__(self, args, log, env):
        self.log = pathlib.Path(log)
        self.killed = False  # on purpose: its exit status says nothing
        self.ending = threading.Lock()  # poll() says "runs" while another thread waits for the end
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=out, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        with self.ending:
            return self.popen.poll() is None

    def kill(self, sig=signal.SIGKILL):
        """Sends sig; SIGKILL also waits for the end, SIGSTOP until every thread has stopped: until then it answers."""
        with self.ending:
            self.popen.send_signal(sig)
            if sig == signal.SIGKILL:
                self.killed = True
                self.popen.wait()
        if sig == signal.SIGSTOP:
            wait_for("all threads stopped", self._stopped)

    def _stopped(self):
        threads = pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(t.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "TZX" for t in threads)

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.running():
            self.popen.send_signal(signal.SIGCONT)  # it may be stopped
            self.popen.terminate()
        return self.wait()

    def wait(self, seconds=PATIENCE):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.log.name}: did not end within {seconds} s") from None

    def rss(self):
        """Bytes of memory in use, 0 when it has ended."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+)", text)
        return int(found[1]) * 1024 if found else 0


class Mount(Process):
    """A cdnfs in the foreground. path: where it is mounted."""

    def __init__(self, path, url, *opts, tmp, env):
        path, tmp = pathlib.Path(path), pathlib.Path(tmp)
        path.mkdir(exist_ok=True)
        self.path = path
        self.stats = tmp / f"{path.name}.stats"
        staging = tmp / f"{path.name}.staging"
        staging.mkdir(exist_ok=True)
        opt = ",".join([f"staging={staging}", f"stats={self.stats}", *opts])
        super().__init__([BIN / "cdnfs", "-f", "-o", opt, url, path], tmp / f"{path.name}.log", env)
        wait_for(f"mount, see {self.log}", lambda: mounted(path) or not self.running())
        assert self.running(), self.log.read_text(errors="replace")

    def umount(self, seconds=PATIENCE):
        """Unmounts as people do; what is staged is stored, and the exit status is 0."""
        unmount(self.path, seconds=seconds)
        assert self.wait(seconds) == 0, self.log.read_text(errors="replace")

    def kill(self, sig=signal.SIGKILL):
        """SIGKILL leaves a dead mount behind, which close() takes away."""
        super().kill(sig)

    def counters(self):
        """The counters by name, written by SIGUSR1."""
        self.stats.unlink(missing_ok=True)
        self.popen.send_signal(signal.SIGUSR1)
        wait_for("counters", self.stats.exists)
        lines = self.stats.read_text(encoding="ascii").splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def requests(self):
        """Requests sent until now, to dist and nodes together."""
        now = self.counters()
        return now["requests_dist"] + now["requests_node"]

    def close(self):
        """Whatever its state, nothing stays mounted; returns the exit status, 0 when killed on purpose."""
        if self.running():
            subprocess.run(["umount", self.path], check=False, stderr=subprocess.DEVNULL)
        if self.running() and mounted(self.path):  # somebody still uses it
            self.popen.terminate()
        try:
            status = self.wait()
        finally:
            if mounted(self.path):
                subprocess.run(["umount", "-l", self.path], check=False)
        return 0 if self.killed else status


class Cdn:
    """dist and nodes ("node1", "node2", …), up and placing files when the constructor returns.

    database: "sqlite", or a postgresql:// URL of an empty database. env: for all programs. dists: so many
    distributors ("dist", "dist2", …), on one database. keys: NAME → more keys of its line in nodes.yml. ports:
    those that are chosen already. tls: an Authority whose certificate all servers have, and whom all trust. health, wait:
    until all say they are well, and until dist places files on every node."""

    def __init__(self, tmp, nodes=3, database="sqlite", max_storage="1G", env=None, dist_args=(),
                 node_args=(), dists=1, keys=None, ports=None, tls=None, health=True, wait=True):
        self.tmp = pathlib.Path(tmp)
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.env = clean_env(**(env or {}))
        self.dist_names = ["dist"] + [f"dist{i}" for i in range(2, dists + 1)]
        self.node_names = [f"node{i}" for i in range(1, nodes + 1)]
        self.names = self.dist_names + self.node_names
        self.ports = dict(zip(self.names, free_ports(len(self.names))), **(ports or {}))
        self.scheme = "https" if tls else "http"
        self.trust = ssl.create_default_context(cafile=tls.ca) if tls else None
        secure = [f"--tls-cert={tls.cert}", f"--tls-key={tls.key}", f"--ca-file={tls.ca}"] if tls else []
        self.url = self.base("dist")
        self.processes = {}
        self.past = []  # what was stopped or killed, and started again
        self.mounts = []
        self.damaged = False  # the test spoils the database
        nodes_yml = self.tmp / "nodes.yml"
        lines = {n: {"host": "127.0.0.1", "port": self.ports.get(n), "scheme": self.scheme, **(keys or {}).get(n, {})}
                 for n in dict.fromkeys(["dist", *self.node_names, *(keys or {})])}
        nodes_yml.write_text("nodes:\n" + "".join(
            f"  {n}: {json.dumps(line)}\n" for n, line in lines.items()))
        if database == "sqlite":
            database = f"sqlite://{self.tmp}/cdn.db"
        self.args = {name: [BIN / "dist", f"--listen=127.0.0.1:{self.ports[name]}",
                            f"--database={database}", f"--nodes={nodes_yml}", "--poll=100", *secure, *dist_args]
                     for name in self.dist_names}
        for i in range(1, nodes + 1):
            name = f"node{i}"
            self.storage(i).mkdir(exist_ok=True)
            self.args[name] = [BIN / "node", f"--name={name}", f"--storage={self.storage(i)}",
                               f"--listen=127.0.0.1:{self.ports[name]}", f"--nodes={nodes_yml}",
                               f"--max-storage={max_storage}", *secure, *node_args]
        try:
            for name in self.names:
                self.launch(name)
            for name in self.names if health else ():
                self.wait_healthy(name)
            if health and wait:
                self.wait_status(*self.node_names)
        except BaseException:
            for process in self.processes.values():
                process.kill()
            raise

    def node_url(self, i):
        return self.base(f"node{i}")

    def storage(self, i):
        """Storage folder of node i."""
        return self.tmp / f"node{i}"

    def log(self, name):
        """All that a program has logged."""
        return (self.tmp / f"{name}.log").read_text(errors="replace")

    def base(self, name):
        return f"{self.scheme}://127.0.0.1:{self.ports[name]}"

    def launch(self, name):
        """Starts it and does not wait."""
        if name in self.processes:
            assert not self.processes[name].running(), f"{name} runs already"
            self.past.append(self.processes[name])
        self.processes[name] = Process(self.args[name], self.tmp / f"{name}.log", self.env)

    def wait_healthy(self, name):
        process = self.processes[name]
        wait_for(f"health of {name}", lambda: get_json(self.base(name) + "/health", trust=self.trust)
                 or not process.running())
        assert process.running(), f"{name} ended:\n{self.log(name)}"

    def wait_status(self, *names, status="UP"):
        """Until dist says so of every one of these nodes."""
        def check():
            stats = (get_json(self.url + "/stats/", token=self.env.get("CDN_TOKEN"), trust=self.trust)
                     or {}).get("stats", {})
            return all(stats.get(n, {}).get("status") == status for n in names)
        wait_for(f"{names} being {status}", check)

    def start(self, name):
        self.launch(name)
        self.wait_healthy(name)

    def stop(self, name):
        """SIGTERM; it must end cleanly."""
        status = self.processes[name].stop()
        assert status == 0, f"{name}: exit status {status}\n{self.log(name)}"

    def kill(self, name, sig=signal.SIGKILL):
        self.processes[name].kill(sig)

    def restart(self, name):
        self.stop(name)
        self.start(name)

    def mount(self, path, *opts, url=None, env=None):
        """A new mount at path, which is made when it is missing."""
        m = Mount(path, url or self.url, *opts, tmp=self.tmp, env={**self.env, **(env or {})})
        self.mounts.append(m)
        return m

    def fsck(self):
        """What dist says is wrong with its database, as text. "" too when it cannot be asked: it or the database was
        ended by the test."""
        said = get_json(self.url + "/fs/check", timeout=PATIENCE, token=self.env.get("CDN_TOKEN"), trust=self.trust)
        return "" if self.damaged or not said or said["clean"] else json.dumps(said["findings"], indent=1)

    def close(self):
        """Ends all and fails when a program ended badly, a sanitizer found something or the database is damaged."""
        bad = []
        ends = [(m.log.name, m.close) for m in self.mounts]
        ends.append(("fsck", self.fsck))
        for name in reversed(self.names):
            process = self.processes[name]
            ends.append((name, lambda p=process: 0 if p.killed else p.stop()))
        for name, end in ends:
            try:
                status = end()
                if isinstance(status, str) and status:
                    bad.append(f"{name}: {status}")
                elif status:
                    bad.append(f"{name}: exit status {status}")
            except AssertionError as e:
                bad.append(str(e))
        for log in sorted(self.tmp.glob("*.log")):
            text = log.read_text(errors="replace")
            found = FINDINGS.search(text)
            if found:
                bad.append(f"{log.name}: {text[max(0, found.start() - 200):][:3000]}")
        for name in self.node_names:
            shutil.rmtree(self.tmp / name, ignore_errors=True)  # the logs stay
        assert not bad, "\n".join(bad)


class Postgres:
    """A private PostgreSQL server."""

    def __init__(self):
        # not in pytest's folder, into which the user postgres must not look
        self.tmp, self.count = tempfile.mkdtemp(prefix="cdn-pg-"), 0
        run = subprocess.run([ROOT / "tests/pg.sh", "start", self.tmp], check=True, text=True,
                             stdout=subprocess.PIPE)
        self.url = run.stdout.split()[-1]

    def database(self):
        """URL of a new, empty database."""
        self.count += 1
        name = f"cdn{self.count}"
        subprocess.run(["psql", "-q", self.url, "-c", f"CREATE DATABASE {name}"], check=True)
        return self.url.replace("/postgres?", f"/{name}?")

    def close(self):
        subprocess.run([ROOT / "tests/pg.sh", "stop", self.tmp], check=True)
        shutil.rmtree(self.tmp)
