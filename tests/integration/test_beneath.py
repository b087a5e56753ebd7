"""What the real agent opens below its own directories: nothing but by openat2, beneath them.

Every open of an agent is watched from its start on, through an installation, a switch and the way
back. Its programs (the launcher, gpgv) are not: they leave the watch as they are executed.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import ensemble as testing
from zoowarden_lab import agents, command, layout, probes

_CALL = re.compile(r'^\d+ +(?P<name>open|openat|openat2|creat)\('
                   r'(?:(?P<fd>AT_FDCWD|\d+)<(?P<at>[^>]*)>, )?"(?P<path>[^"]*)", ?(?P<rest>.*)$')
_RULE = ("RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS", "RESOLVE_NO_MAGICLINKS")

# Opened by its path all the same (docs/threat-model.md): what, and the reason.
EXCEPTIONS = {
    "state": {r"journal\.db(-wal|-shm|-journal)?": "SQLite, with SQLITE_OPEN_NOFOLLOW",
              r"uploads": "the directory itself, in which is opened beneath",
              r"uploads/gpgv-\w{6}": "as one that mkdtemp has just named"},
    "releases": {},
    "generations": {r"[0-9a-f]{16}/conf/zoo\.cfg": "only read, as a process names it that runs"},
}


class Watched:
    """An agent that was started under strace; every open of it."""

    def __init__(self, made, number: int):
        self._server = made.lab.server(number)
        self._output = made.directory / "opens"
        made.kill_agent(number)
        probes.wait_until(lambda: not probes.listens(self._server, probes.AGENT_PORT), 30, "free")
        with open(self._server.agent_log, "ab") as log:
            self._strace = subprocess.Popen(  # pylint: disable=consider-using-with
                ["strace", "-f", "-y", "-s", "4096", "-b", "execve", "-o", self._output,
                 "-e", "trace=open,openat,openat2,creat", "-e", "signal=none",
                 layout.program("zoowarden-agent"), "--config", self._server.agent_config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=made.lab.process_environment(), cwd=self._server.directory)
        probes.wait_until(lambda: probes.listens(self._server, probes.AGENT_PORT), 60, "it listens")

    def end(self) -> None:
        """Ends the agent, and the watch with it."""
        agents.find(self._server).signal(signal.SIGTERM)
        self._strace.wait(60)

    def below(self, directory: pathlib.Path) -> list:
        """(path below the directory, whether by the rule, the line) of each open there."""
        found = []
        for line in self._output.read_text(encoding="utf-8", errors="replace").splitlines():
            call = _CALL.match(line)
            if call is None:
                continue
            whole = os.path.normpath(os.path.join(call["at"] or "/", call["path"]))
            if whole.startswith(f"{directory}/"):
                found.append((whole[len(str(directory)) + 1:], of_rule(call), line))
        return found


def of_rule(call) -> bool:
    """By openat2 beneath a directory; or one name in an open directory, and no link there."""
    if call["name"] == "openat2":
        return all(flag in call["rest"] for flag in _RULE)
    of_descriptor = call["name"] == "openat" and call["fd"] != "AT_FDCWD"
    return of_descriptor and (call["path"] == "." or
                              "/" not in call["path"] and "O_NOFOLLOW" in call["rest"])


def is_excepted(name: str, path: str, line: str) -> bool:
    return any(re.fullmatch(pattern, path) and (name == "state" or "O_RDONLY" in line)
               for pattern in EXCEPTIONS[name])


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_whatever_the_agent_opens_below_its_directories_is_opened_beneath_them(ensemble):
    victim = ensemble.followers()[0]
    watched = Watched(ensemble, victim)
    server = ensemble.lab.server(victim)
    assert ensemble.upgrade(testing.release("3.9.4"), seconds=400).code == 0
    ensemble.set_policy("step_timeout", "20s")
    back = ensemble.upgrade(testing.bad_release("never_joins", only=[victim]), seconds=400)
    assert back.code == command.ROLLED_BACK, back
    watched.end()
    for name in EXCEPTIONS:
        opens = watched.below(server.directory / name)
        others = [line for path, ruled, line in opens
                  if not ruled and not is_excepted(name, path, line)]
        assert not others, "\n".join(others[:40])
        assert sum("openat2(" in line for _, ruled, line in opens if ruled) > 100, name
