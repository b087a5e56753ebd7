"""An agent that lacks disk, memory or threads does less, and nothing wrong."""

import pathlib
import signal
import warnings

import pytest

import ensemble as testing
from surroundings import Surroundings
from zoowarden_lab import command

NEW = "3.9.4"
_MEMORY = pathlib.Path("/sys/fs/cgroup/memory")
_UNIFIED = pathlib.Path("/sys/fs/cgroup")


@pytest.fixture(name="narrow")
def _narrow():
    """narrow(process, bytes): what it takes from now on beyond that ends it.

    Where no control group can be made, that is a warning, and it ends at once, as the kernel would do
    it: by SIGKILL.
    """
    made = []

    def narrow(process, size: int) -> None:
        version_1 = _MEMORY.is_dir()
        group = (_MEMORY if version_1 else _UNIFIED) / f"zoowarden-test-{process.pid}"
        try:
            group.mkdir()
            made.append(group)
            limit = "memory.limit_in_bytes" if version_1 else "memory.max"
            (group / limit).write_text(str(size), encoding="ascii")
            (group / "cgroup.procs").write_text(str(process.pid), encoding="ascii")
        except OSError as error:
            warnings.warn(f"no control group here ({error}): SIGKILL stands in for the want of memory")
            process.signal(signal.SIGKILL)

    yield narrow
    for group in made:
        for pid in (group / "cgroup.procs").read_text(encoding="ascii").split():
            (group.parent / "cgroup.procs").write_text(pid, encoding="ascii")
        group.rmdir()


def test_an_agent_whose_disk_takes_seconds_for_each_sync_stops_no_server(ensemble, tmp_path):
    """Its permit is over by the time that the stop is in its journal."""
    first, disk = ensemble.followers()[0], Surroundings(tmp_path / "disk")
    ensemble.restart_agent(first, environment=disk.environment)
    before = ensemble.processes()
    load = ensemble.load()
    upgrade = ensemble.begin_upgrade(
        testing.release(NEW), environment={"ZOOWARDEN_FAULT": "controller.before_proceed:stop"})
    ensemble.wait(upgrade.frozen, 180, "the controller has its permit")
    disk.set_sync_delay(5)
    upgrade.signal(signal.SIGCONT)
    done = upgrade.wait(300)
    assert done.code in (command.HALTED, command.ROLLED_BACK), done
    assert f"server {first}" in done.err, done
    assert ensemble.processes() == before, "a server was stopped"
    disk.set_sync_delay(0)
    ensemble.wait(lambda: ensemble.operation_state(first) != "stopping", 60, "it answers again")
    again = ensemble.run("resume", "--yes", seconds=240)
    assert again.code == command.SUCCEEDED, again
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}


def test_an_agent_killed_for_its_memory_leaves_its_server_alone(ensemble, narrow):
    first = ensemble.followers()[0]
    before, agent = ensemble.processes(), ensemble.agent(first)
    load = ensemble.load()
    narrow(agent, 1024 * 1024)
    upgrade = ensemble.begin_upgrade(testing.release(NEW))
    ensemble.wait_agent_dead(first)
    assert ensemble.processes() == before
    ensemble.start_agent(first)
    done = upgrade.wait(240)
    if done.code != command.SUCCEEDED:
        assert f"server {first}" in done.err, done
        done = ensemble.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}


def test_an_agent_that_gets_no_thread_and_no_process_stops_nothing(ensemble, tmp_path):
    first, machine = ensemble.followers()[0], Surroundings(tmp_path / "machine")
    ensemble.restart_agent(first, environment=machine.environment)
    before, agent = ensemble.processes(), ensemble.agent(first)
    load = ensemble.load()
    machine.use_up_threads(True)
    done = ensemble.upgrade(testing.release(NEW))
    assert done.code == command.REFUSED, done
    assert f"server {first}" in done.err, done
    assert ensemble.processes() == before, "a server was stopped"
    machine.use_up_threads(False)
    assert ensemble.agent(first) == agent, "the agent did not survive"
    again = ensemble.upgrade(testing.release(NEW))
    assert again.code == command.SUCCEEDED, again
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}
