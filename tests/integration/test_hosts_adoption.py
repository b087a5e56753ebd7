"""Taking over what somebody else installed on machines with systemd, and going back to it."""

import functools

import pytest

import ensemble as testing
from host_ensemble import NEED_HOSTS, HostEnsemble
from test_adoption import NEW, OLD, adopt, assert_nothing_to_do
from test_rolls import assert_everywhere
from zoowarden_lab import command, foreign_hosts, probes

pytestmark = NEED_HOSTS


class ForeignHosts(testing.ForeignEnsemble, HostEnsemble):
    """Use it `inside` only."""

    def __init__(self, directory, kind, **options):
        self.kind, self.zookeeper_unit = kind, kind.unit
        HostEnsemble.__init__(self, directory, **options)

    def _up(self, directory, options):  # pylint: disable=arguments-differ
        return foreign_hosts.up(directory, options, self.kind)

    def foreign_files(self) -> dict:
        return foreign_hosts.files(self.lab, self.kind)


@pytest.fixture(name="foreign", params=foreign_hosts.KINDS, ids=lambda kind: kind.name)
def _foreign(request, make_ensemble):
    foreign = make_ensemble(functools.partial(ForeignHosts, kind=request.param), version=OLD)
    with foreign.inside():
        yield foreign


def test_adopted_upgraded_and_back_to_exactly_what_was_there(foreign):
    before, words, files = foreign.processes(), foreign.command_lines(), foreign.foreign_files()
    versions = foreign.versions()
    adopt(foreign)
    assert_nothing_to_do(foreign)
    assert foreign.processes() == before and foreign.foreign_files() == files
    assert "my.own.key: kept" in foreign.ensemble_text
    load = foreign.load()
    done = foreign.upgrade(testing.release(NEW), seconds=400)
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(foreign, NEW)
    back = foreign.run("upgrade", "--to", versions[1], "--release", "adopted", "--yes", seconds=400)
    assert back.code == command.SUCCEEDED, back
    testing.assert_kept(load)
    assert foreign.versions() == versions
    assert foreign.command_lines() == words and foreign.foreign_files() == files
    assert_nothing_to_do(foreign)


def test_a_release_that_never_joins_goes_back_to_what_was_there(foreign):
    words, files = foreign.command_lines(), foreign.foreign_files()
    adopt(foreign)
    before, load, watch = foreign.processes(), foreign.load(), foreign.watch()
    done = foreign.upgrade(testing.bad_release("never_joins"), seconds=400)
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    testing.assert_kept(load)
    assert len(watch.order) == 1 and watch.elections == 0
    assert foreign.command_lines() == words and foreign.foreign_files() == files
    changed = [number for number, process in foreign.processes().items()
               if process != before[number]]
    assert changed == watch.order


def test_a_reboot_brings_back_what_was_current_and_no_second_server(foreign):
    adopt(foreign)
    words, number = foreign.command_lines(), foreign.followers()[0]
    reboot(foreign, number)
    assert foreign.command_lines() == words
    adopt(foreign)  # again, as it is another process
    done = foreign.upgrade(testing.release(NEW), seconds=400)
    assert done.code == command.SUCCEEDED, done
    number = foreign.followers()[0]
    reboot(foreign, number)
    assert_everywhere(foreign, NEW)


def reboot(foreign, number: int) -> None:
    host = foreign.host(number)
    host.poweroff()
    host.boot()
    if not foreign.kind.unit:
        foreign_hosts.start_at_boot(foreign.lab.server(number), foreign.kind)
    foreign.wait_agent(number)
    foreign.wait_serving()
    probes.wait_until(lambda: foreign.zookeeper(number), 30, "the server is back")
    servers = [process for process in host.processes()
               if any(word.endswith("QuorumPeerMain") for word in process.words())]
    assert len(servers) == 1
