"""A Docker engine of our own, for as long as a command here needs one.

It listens where every Docker client looks first, so that a plain `docker run` in
another terminal reaches it. Commands that run at the same time share it, and the
last of them to end stops it: two engines in one network namespace would rewrite
each other's iptables chains. Its images stay in STORE, for a second run that
imports and builds nothing; its containers do not.
"""
# ruff: noqa: INP001  a folder of scripts, not a package

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STORE = Path("/var/lib/registrator-engine")
STATE = Path("/run/registrator-engine")
SOCKET = Path("/var/run/docker.sock")
PIDFILE = STATE / "docker.pid"
LOG = STORE / "dockerd.log"


class GiveUpError(Exception):
    """No engine; the message says what the user can do."""


@contextmanager
def engine(watched: set[signal.Signals]) -> Iterator[None]:
    """Hold an engine for the length of the block."""
    host = answering_host()
    if host or (host is not None and not (is_root() and private_pid())):
        if host:
            os.environ["DOCKER_HOST"] = host
        yield
        return
    check_that_one_can_start()
    STORE.mkdir(mode=0o711, exist_ok=True)
    lock = os.open(STORE, os.O_RDONLY)
    join_or_start(lock, watched)
    try:
        yield
    finally:
        if take(lock, fcntl.LOCK_EX):
            if not answers():
                launch(set())  # it died: only it can put away what it had running
            stop()
        os.close(lock)


def answering_host() -> str | None:
    """Return the DOCKER_HOST that answers; empty means the client's default."""
    script = Path(__file__).with_name("engine-host")
    found = subprocess.run([script], stdout=subprocess.PIPE, check=False, text=True)  # noqa: S603  our own script
    return found.stdout.strip() if found.returncode == 0 else None


def check_that_one_can_start() -> None:
    """Refuse with the reason where a private engine would be of no use."""
    if given := os.environ.get("DOCKER_HOST"):
        raise GiveUpError(f"no Docker engine answers at DOCKER_HOST={given}")
    if not is_root():
        raise GiveUpError(
            "no Docker engine answers, and only root can start one: start yours, "
            "point DOCKER_HOST at one, or run this as root"
        )
    if not shutil.which("dockerd"):
        raise GiveUpError("no Docker engine is installed: run scripts/setup engine")


def join_or_start(lock: int, watched: set[signal.Signals]) -> None:
    """Leave with a shared lock on an engine that answers.

    The lock is exclusive while someone starts or stops the engine, shared while
    someone uses it; the kernel drops it with its process, however that ends.
    """
    for _ in ticks(60, watched):
        if take(lock, fcntl.LOCK_EX) and not answers():
            launch(watched)
            say(f"started a private Docker engine; its log is {LOG}")
            say("containers you run on it are removed when this command ends")
        # Changing kind is not atomic: who was quicker may have ended it meanwhile.
        if take(lock, fcntl.LOCK_SH) and answers():
            return
        fcntl.flock(lock, fcntl.LOCK_UN)
    raise GiveUpError(f"another command's engine does not answer; its log is {LOG}")


def launch(watched: set[signal.Signals]) -> None:
    """Start dockerd without containers, over whatever a killed one may have left."""
    end(private_pid(), patience=5)
    PIDFILE.unlink(missing_ok=True)  # its number may be another process's by now
    STATE.mkdir(mode=0o755, exist_ok=True)
    pid = spawn_dockerd()
    try:
        await_answer(pid, watched)
    except BaseException:
        put_away(pid)
        raise
    remove_containers()


def spawn_dockerd() -> int:
    """Start it in a session of its own: the terminal's Ctrl-C is not for it."""
    settings = STATE / "daemon.json"
    settings.write_text("{}")  # the machine's own may name another data root
    arguments = ["dockerd", f"--host=unix://{SOCKET}", f"--data-root={STORE / 'data'}"]
    arguments += [f"--exec-root={STATE / 'exec'}", f"--pidfile={PIDFILE}"]
    arguments += [f"--config-file={settings}"]
    to_log = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawnp(
        "dockerd",
        arguments,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(LOG), to_log, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
    )


def await_answer(pid: int, watched: set[signal.Signals]) -> None:
    """Wait until the new engine answers; GiveUpError with the end of its log if not."""
    for _ in ticks(60, watched):
        if answers():
            return
        if is_gone(pid):
            break
    sys.stderr.writelines(LOG.read_text(errors="replace").splitlines(True)[-15:])
    raise GiveUpError(
        "dockerd does not start here, see above: point DOCKER_HOST at an engine"
    )


def stop() -> None:
    """End the private engine, its containerd and what runs on it."""
    # dockerd would give each container ten seconds to end by itself.
    remove_containers()
    put_away(private_pid())


def put_away(pid: int) -> None:
    """End dockerd, and its containerd with it, and remove its files and socket."""
    end(pid, patience=20)
    SOCKET.unlink(missing_ok=True)
    shutil.rmtree(STATE, ignore_errors=True)


def end(pid: int, *, patience: float) -> None:
    """Ask a process to end, and kill it after *patience* seconds."""
    if not pid or is_gone(pid):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        for _ in ticks(patience):
            if is_gone(pid):
                return
        os.kill(pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; one that is our child is reaped."""
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return not arguments_of(pid)


def private_pid() -> int:
    """Return the private dockerd's process id, 0 if it does not run."""
    with suppress(OSError, ValueError):
        pid = int(PIDFILE.read_text())
        if f"--pidfile={PIDFILE}" in arguments_of(pid):
            return pid
    return 0


def arguments_of(pid: int) -> list[str]:
    """Return a process's command line; none for a zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    return []


def remove_containers() -> None:
    """Remove all containers of the private engine, with their anonymous volumes."""
    if found := docker("ps", "--all", "--quiet").split():
        docker("rm", "--force", "--volumes", *found)


def answers() -> bool:
    """Tell whether the private engine answers."""
    return docker("version", "--format", "{{.Server.Version}}") != ""


def docker(*arguments: str) -> str:
    """Return what the client prints; nothing if it fails."""
    client = ["docker", f"--host=unix://{SOCKET}", *arguments]
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603  a list of our own words, no shell
            client, capture_output=True, check=False, text=True, timeout=60
        )
        if done.returncode == 0:
            return done.stdout.strip()
    return ""


def ticks(seconds: float, watched: set[signal.Signals] | None = None) -> Iterator[None]:
    """Yield about every 50 ms for *seconds*; InterruptedError once a signal waits."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if watched and watched & signal.sigpending():
            raise InterruptedError
        yield
        time.sleep(0.05)


def take(lock: int, kind: int) -> bool:
    """Take or change a lock at once, or not at all."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_root() -> bool:
    """Tell whether this may start an engine."""
    return os.geteuid() == 0


def say(text: str) -> None:
    """Tell the user; standard output belongs to the command."""
    sys.stderr.write(f"with-engine: {text}\n")
