"""Taking over what somebody else installed: unpacked archives, started by hand."""

import re

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
POLICY = "{soak: 2s, step_timeout: 40s, on_failure: rollback_all, good_rounds: 3}"


@pytest.fixture(name="foreign")
def _foreign(make_ensemble):
    return make_ensemble(testing.ForeignEnsemble, version=OLD)


def adopt(made) -> None:
    assert made.import_file(POLICY).code == command.SUCCEEDED
    adopted = made.run("adopt", "--yes", seconds=60)
    assert adopted.code == command.SUCCEEDED, adopted


def assert_nothing_to_do(made) -> None:
    plan = made.run("plan", "--detailed-exitcode", seconds=30)
    assert plan.code == command.SUCCEEDED and "nothing to do" in plan.out, plan


def test_import_keeps_all_that_was_set_and_no_secret(foreign):
    done = foreign.import_file(POLICY)
    text = foreign.ensemble_text
    assert done.code == command.SUCCEEDED, done
    assert "not for everybody" not in done.out + done.err
    for line in ("    my.own.key: \"kept as it is\"", "    tickTime: 2000",
                 "  sha512: adopted   # what ran before Zoowarden came: there is no archive of it",
                 "    4lw.commands.whitelist: \"srvr, mntr, ruok\"", "    heap: 160m",
                 "      - \"-Dtyped.by.hand=yes\"",
                 "    ssl.trustStore.password: \"@kept-on-server\"   # the value stays on the server"):
        assert line in text.splitlines(), text
    assert text.count("clientPortAddress:") == 3 and text.count("tickTime") == 1
    assert "local JMX is on" in text and "local JMX is on" in done.err
    assert "logback.xml is not taken over" in text
    refused = foreign.run("plan", seconds=30)
    assert refused.code == command.REFUSED and "zoowarden adopt" in refused.err, refused


def test_adoption_restarts_nothing_and_an_upgrade_goes_there_and_back(foreign):
    before, words, files = foreign.processes(), foreign.command_lines(), foreign.foreign_files()
    adopt(foreign)
    assert_nothing_to_do(foreign)
    adopt(foreign)  # again
    listed = foreign.run("releases", "list").out
    assert len(re.findall(rf"{re.escape(OLD)} \(adopted\) +current", listed)) == 3, listed
    assert foreign.processes() == before and foreign.foreign_files() == files
    load = foreign.load()
    done = foreign.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    assert set(foreign.versions().values()) == {NEW}
    assert_nothing_to_do(foreign)
    back = foreign.run("upgrade", "--to", OLD, "--release", "adopted", "--yes", seconds=240)
    assert back.code == command.SUCCEEDED, back
    assert foreign.command_lines() == words and foreign.foreign_files() == files
    assert re.search(r"^  sha512: adopted$", foreign.ensemble_text, re.MULTILINE)
    testing.assert_kept(load)
    assert_nothing_to_do(foreign)


def test_a_release_that_never_joins_goes_back_to_what_was_there(foreign):
    words, files = foreign.command_lines(), foreign.foreign_files()
    adopt(foreign)
    before, watch = foreign.processes(), foreign.watch()
    done = foreign.upgrade(testing.bad_release("never_joins"))
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    assert len(watch.order) == 1 and watch.elections == 0
    assert foreign.command_lines() == words and foreign.foreign_files() == files
    changed = [number for number, process in foreign.processes().items()
               if process != before[number]]
    assert changed == watch.order
    assert_nothing_to_do(foreign)


def test_what_is_not_one_ensemble_is_refused_and_nothing_is_written(foreign):
    first = foreign.lab.server(1)
    some = foreign.run("import", "--agents", first.agent, seconds=30)
    assert some.code == command.REFUSED and not some.out, some
    assert "server 2" in some.err and "server 3" in some.err
    foreign.kill_zookeeper(3)
    dead = foreign.import_file(POLICY)
    assert dead.code == command.REFUSED and not dead.out, dead
    assert "no ZooKeeper serves" in dead.err and "server 3" in dead.err
    foreign.start_zookeeper(3)
    foreign.wait_serving()
    silent = foreign.run("import", "--agents", f"{first.agent},127.0.0.1:9", seconds=30)
    assert silent.code != command.SUCCEEDED and not silent.out, silent


def test_another_configuration_than_the_running_one_is_not_adopted(foreign):
    assert foreign.import_file(POLICY).code == command.SUCCEEDED
    foreign.set_setting("tickTime", 3000)
    refused = foreign.run("adopt", "--yes", seconds=30)
    assert refused.code == command.REFUSED, refused
    assert "setting tickTime is 2000 on the server and ensemble.yaml says 3000" in refused.err
    assert all(not server.directory.joinpath("generations", "current").exists()
               for server in foreign.lab.servers)
