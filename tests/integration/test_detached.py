"""Runs that a process of its own carries out, on real servers: nobody's terminal ends them."""

import os
import signal

import ensemble as testing
from zoowarden_lab import command, processes

OLD, NEW = "3.8.4", "3.9.4"


class Detached:
    """The process that carries a run out, as the command said; ended with the ensemble."""

    def __init__(self, made, *words):
        self.said = made.run(*words, "--yes", "--detach", "-o", "json", seconds=120)
        assert self.said.code == command.SUCCEEDED, self.said
        self.run, self.pid = self.said.json["id"], self.said.json["pid"]
        self._process = processes.find(self.pid)
        made._tracked.append(self)  # pylint: disable=protected-access

    def alive(self) -> bool:
        return self._process is not None and self._process.alive()

    def kill(self) -> None:
        if self.alive():
            self._process.signal(signal.SIGKILL)


def _upgrade(made) -> Detached:
    wanted = testing.release(NEW)
    return Detached(made, "upgrade", "--to", wanted.version, "--release", wanted.path)


def test_a_detached_upgrade_outlives_its_terminal_and_is_shown_from_elsewhere(ensemble):
    load = ensemble.load()
    begun = _upgrade(ensemble)
    assert os.getsid(begun.pid) == begun.pid, "a session of its own"
    assert begun.run in begun.said.err and "zoowarden attach" in begun.said.err, begun.said
    # Looking on from a machine that has no record, and the end of that, change nothing.
    elsewhere = ensemble.directory / "another machine"
    looking = ensemble.begin("--state", elsewhere, "attach")
    looking.wait_for_line("proceed", 180)
    looking.signal(signal.SIGINT)
    looking.wait(10)
    assert begun.alive()
    wanted = testing.release(NEW)
    second = ensemble.run("--state", elsewhere, "upgrade", "--to", wanted.version, "--release",
                          wanted.path, "--yes", "--detach")
    assert second.code == command.HELD, second
    seen = ensemble.run("--state", elsewhere, "attach", begun.run, seconds=240)
    assert seen.code == command.SUCCEEDED and "run_succeeded" in seen.err, seen
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}
    assert f"version: {NEW}" in ensemble.ensemble_text
    ensemble.wait(lambda: not begun.alive(), 20, "the process ends with its run")


def test_a_detached_process_that_is_killed_leaves_a_run_to_go_on_with(ensemble):
    begun = _upgrade(ensemble)
    following = ensemble.begin("events", "-f", "-o", "json")
    following.wait_for_line('"kind":"server_done"', 180)
    begun.kill()
    alone = ensemble.run("attach", begun.run, seconds=120)
    assert alone.code == command.INTERRUPTED and "zoowarden resume" in alone.err, alone
    assert len(set(ensemble.versions().values())) == 2
    back = Detached(ensemble, "rollback", begun.run)
    assert back.run == begun.run
    seen = ensemble.run("attach", begun.run, seconds=240)
    assert seen.code == command.ROLLED_BACK, seen
    assert set(ensemble.versions().values()) == {OLD}
    following.wait_for_line('"kind":"run_rolled_back"', 20)
    following.signal(signal.SIGINT)
    following.wait(10)
