"""A real ensemble under test: the lab, the command line, the processes and the load in one hand.

Everything waits on conditions with a deadline, nothing on time. What a test starts is tracked and
ended with the ensemble.
"""

import pathlib
import re
import shutil
import signal
import time

from zoowarden_lab import (agents, command, down, foreign, members, probes, processes, releases,
                           up, variants, watch)
from zoowarden_lab.errors import LabError
from zoowarden_lab.layout import Lab, Options
from zoowarden_lab.loads import Load

release = releases.get

# What the command prints, off a terminal, when these events of a run have been stored.
PROCEED, GATE_PASSED = "proceed", "gate_passed"


def server_of(line: str) -> int:
    """The id of the server that a line of progress is about."""
    return int(re.search(r"server (\d+)", line).group(1))


def launching(made, number: int) -> bool:
    """Whether the release's start script runs for that server."""
    below = f"{made.lab.server(number).directory}/"
    return any(below in word and word.endswith("zkServer.sh")
               for process in processes.everything() for word in process.words())


def bad_release(name: str, only=(), after_seconds: int = 20, version: str = "3.9.5"):
    """A release that fails on purpose, on all servers or on those in `only`."""
    return releases.get(version, variants.make(name, only, after_seconds))


def assert_kept(load: Load) -> None:
    """Ends the load: what was acknowledged is on every member, and nothing else."""
    verdict = load.verdict()
    assert verdict["lost"] == 0 and verdict["phantom"] == 0 and verdict["acked"] > 0, verdict


class Ensemble:
    """Servers with their agents, until `end`."""

    def __init__(self, directory: pathlib.Path, **options):
        self.lab = self._up(directory, Options(**options))
        self.directory = self.lab.directory
        self._tracked = []
        self._remembered = {}

    @staticmethod
    def _up(directory: pathlib.Path, options: Options) -> Lab:
        return up.up(directory, options)

    def end(self) -> None:
        for thing in self._tracked:
            thing.kill()
        down.down(self.directory)

    def keep_logs(self, target: pathlib.Path) -> None:
        """Copies what explains a failure out of the lab's directory."""
        shutil.rmtree(target, ignore_errors=True)
        skipped = shutil.ignore_patterns("releases", "data", "pki", "operator", "viewer", "uploads")
        shutil.copytree(self.directory, target, symlinks=True, ignore=skipped)

    # --- the command line

    def run(self, *words, seconds: float = 180, environment=None) -> command.Outcome:
        """`zoowarden WORDS`, to its end."""
        return self.begin(*words, environment=environment).wait(seconds)

    def begin(self, *words, environment=None) -> command.Running:
        """`zoowarden WORDS`, in the background."""
        running = command.Running(self.lab, words, environment)
        self._tracked.append(running)
        return running

    def begin_upgrade(self, wanted, *words, environment=None) -> command.Running:
        return self.begin("upgrade", "--to", wanted.version, "--release", wanted.path, "--yes",
                          *words, environment=environment)

    def upgrade(self, wanted, *words, seconds: float = 240) -> command.Outcome:
        return self.begin_upgrade(wanted, *words).wait(seconds)

    def status(self) -> dict:
        """The answer of `zoowarden status -o json`."""
        return self.run("status", "-o", "json", seconds=30).json

    def operation_state(self, number: int) -> str:
        """Where the agent's operation is, as `zoowarden status` tells; "" without one."""
        found = [member for member in self.status()["members"] if member["id"] == number]
        return (found[0].get("operation") or {}).get("state", "")

    def runs(self) -> list:
        """All runs, newest first."""
        return self.run("runs", "list", "-o", "json", seconds=30).json["runs"]

    def run_shown(self, run_id: str = "") -> dict:
        """What `runs show` tells of that run, or of the newest."""
        wanted = run_id or self.runs()[0]["id"]
        return self.run("runs", "show", wanted, "-o", "json", seconds=30).json

    def load(self, clients: int = 6, credentials: str = "") -> Load:
        """Client load that has begun to write."""
        report = self.directory / "state" / f"load-{len(self._tracked)}.json"
        report.parent.mkdir(exist_ok=True)  # no command may have had a state to keep yet
        load = Load(self.lab, report, clients, credentials)
        self._tracked.append(load)
        return load.wait_writing()

    def audited(self) -> dict:
        """The rows of the audits of all agents that answer, by server and number."""
        shown = self.run("audit", "show", "-o", "json", seconds=30).json["servers"]
        return {(server["id"], row["row"]): row for server in shown for row in server["rows"]}

    # --- what the ensemble should be

    def edit(self, pattern: str, replacement: str) -> None:
        """Replaces the one place in ensemble.yaml that the pattern matches."""
        text = self.lab.ensemble_file.read_text(encoding="utf-8")
        changed, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count == 1, f"{count} places match {pattern!r}"
        self.lab.ensemble_file.write_text(changed, encoding="utf-8")

    def set_setting(self, key: str, value) -> None:
        """Adds or changes one zoo.cfg setting of all servers."""
        name = re.escape(key)
        if re.search(rf"^    {name}:", self.ensemble_text, re.MULTILINE):
            self.edit(rf"^    {name}: .*$", f'    {key}: "{value}"')
        else:
            self.edit(r"^  settings:$", f'  settings:\n    {key}: "{value}"')

    def set_policy(self, key: str, value) -> None:
        self.edit(rf"\b{key}: [^,}}]+", f"{key}: {value}")

    @property
    def ensemble_text(self) -> str:
        return self.lab.ensemble_file.read_text(encoding="utf-8")

    # --- what is

    @property
    def ids(self) -> list:
        return [server.id for server in self.lab.servers]

    def leader(self, seconds: float = 30) -> int:
        """The leader's id, once there is exactly one."""
        return probes.wait_until(lambda: probes.leader(self.lab), seconds, "there is one leader")

    def followers(self) -> list:
        leader = self.leader()
        return [server.id for server in self.lab.servers
                if server.id != leader and not server.observer]

    def modes(self) -> dict:
        return {server.id: probes.mode(server) for server in self.lab.servers}

    def versions(self) -> dict:
        """Version by id; "" for a member that does not answer."""
        return {server.id: probes.srvr(server).get("version", "") for server in self.lab.servers}

    def processes(self) -> dict:
        """The JVM by id; comparing two of these tells who was restarted."""
        return {server.id: agents.find_zookeeper(server) for server in self.lab.servers}

    def zookeeper(self, number: int):
        return agents.find_zookeeper(self.lab.server(number))

    def agent(self, number: int):
        return agents.find(self.lab.server(number))

    def elections(self) -> int:
        return watch.elections(self.lab)

    def watch(self) -> watch.Watch:
        """An eye-witness from now on; `stop` it before reading."""
        return watch.Watch(self.lab)

    def wait(self, condition, seconds: float, what: str):
        return probes.wait_until(condition, seconds, what)

    @staticmethod
    def wait_for(seconds: float) -> None:
        """For what lies in time itself: a permit that is over, a lease, nothing that happens."""
        time.sleep(seconds)

    def wait_serving(self, seconds: float = 60) -> None:
        probes.wait_serving(self.lab, seconds)

    # --- hands on agents and members

    def kill_agent(self, number: int) -> None:
        """SIGKILL; returns when it has gone."""
        server = self.lab.server(number)
        process = agents.find(server)
        assert process, f"the agent of server {number} does not run"
        process.signal(signal.SIGKILL)
        self.wait(lambda: not process.alive(), 10, f"the agent of server {number} ends")

    def start_agent(self, number: int, fault: str = "", environment=None) -> None:
        """Starts it and returns when it listens; `fault` arms one of its points."""
        agents.start(self.lab, self.lab.server(number), fault, environment)

    def restart_agent(self, number: int, fault: str = "", environment=None) -> None:
        self.kill_agent(number)
        self.start_agent(number, fault, environment)

    def wait_agent_dead(self, number: int, seconds: float = 120) -> None:
        self.wait(lambda: self.agent(number) is None, seconds, f"the agent of {number} is dead")

    def kill_zookeeper(self, number: int) -> None:
        """The member dies by itself, as it were; `start_zookeeper` brings it back as it was."""
        self.remember(number)
        members.stop(self.lab.server(number), signal.SIGKILL)

    def remember(self, number: int) -> None:
        """How the member runs now, for `remembered`."""
        self._remembered[number] = members.remember(self.lab.server(number))

    def remembered(self, number: int) -> dict:
        return self._remembered[number]

    def start_zookeeper(self, number: int) -> None:
        members.start(self.lab.server(number), self._remembered[number])

    def freeze(self, number: int) -> None:
        """Stops the member's process without ending it; `thaw` lets it go on."""
        self.zookeeper(number).signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        self.zookeeper(number).signal(signal.SIGCONT)

    def make_leader(self, number: int) -> None:
        """Lets that participant win an election, without the code under test.

        The leader and as many others as can be spared are killed; the rest enters a new epoch.
        Of those only the wanted one stays, so that it outvotes the killed ones, whatever their ids.
        """
        leader = self.leader()
        if leader == number:
            return
        voters = [server.id for server in self.lab.servers if not server.observer]
        spare = (len(voters) - 1) // 2
        others = [other for other in voters if other not in (number, leader)]
        first, second = [leader, *others[:spare - 1]], others[spare - 1:]
        for other in first:
            self.kill_zookeeper(other)
        self.wait(lambda: self.modes()[number] in ("leader", "follower"), 60, "a new epoch")
        if self.leader() != number:
            for other in second:
                self.kill_zookeeper(other)
        for other in first:
            self.start_zookeeper(other)
        self.wait(lambda: self.modes()[number] == "leader", 60, f"server {number} leads")
        for other in second:
            if not self.zookeeper(other):
                self.start_zookeeper(other)
        self.wait_serving()


class ForeignEnsemble(Ensemble):
    """One that somebody else installed: releases unpacked by hand, zkServer.sh started by hand.

    Its agents run and have nothing; `ensemble.yaml` is not there.
    """

    @staticmethod
    def _up(directory: pathlib.Path, options: Options) -> Lab:
        return foreign.up(directory, options)

    def import_file(self, policy: str) -> command.Outcome:
        """`zoowarden import`, its output in ensemble.yaml with that policy."""
        agents_of = ",".join(server.agent for server in self.lab.servers)
        done = self.run("import", "--agents", agents_of, seconds=30)
        if done.code == command.SUCCEEDED:
            self.lab.ensemble_file.write_text(done.out + f"policy: {policy}\n", encoding="utf-8")
        return done

    def command_lines(self) -> dict:
        """What runs, word by word, by id."""
        return {number: process.words() for number, process in self.processes().items()}

    def foreign_files(self) -> dict:
        """The digest, mode and owner of everything that the other installer left, by path."""
        return foreign.files(self.lab)
