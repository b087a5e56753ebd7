"""Members that are down are started and no other is touched: with a quorum, without one, on real servers."""

import signal

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
BAD = "metricsProvider.className"


def changed(made, before):
    return [number for number in made.ids if made.processes()[number] != before[number]]


def test_a_follower_that_died_is_started_and_nobody_else_is_touched(ensemble):
    load = ensemble.load()
    follower = ensemble.followers()[0]
    before = ensemble.processes()
    ensemble.kill_zookeeper(follower)
    refused = ensemble.run("restart", "--yes")
    assert refused.code == command.REFUSED and "zoowarden repair" in refused.err, refused
    done = ensemble.run("repair", "--yes", seconds=240)
    assert done.code == command.SUCCEEDED, done
    assert f"start server {follower}" in done.out and "NO QUORUM" not in done.out, done
    testing.assert_kept(load)
    assert changed(ensemble, before) == [follower]
    again = ensemble.run("repair", "--yes")
    assert again.code == command.SUCCEEDED and "nothing to do" in again.out, again


def test_what_hangs_is_not_taken_for_down(ensemble):
    follower = ensemble.followers()[0]
    before = ensemble.processes()
    ensemble.freeze(follower)
    refused = ensemble.run("repair", "--server", follower, "--yes")
    assert refused.code == command.REFUSED, refused
    assert f"server {follower} is not down" in refused.err, refused
    ensemble.thaw(follower)
    ensemble.wait_serving()
    assert changed(ensemble, before) == []


def test_without_a_quorum_it_comes_back_with_all_that_was_acknowledged(ensemble):
    load = ensemble.load()
    before = ensemble.processes()
    for number in ensemble.ids:
        ensemble.kill_zookeeper(number)
    done = ensemble.run("repair", "--yes", seconds=240)
    assert done.code == command.SUCCEEDED, done
    assert "NO QUORUM" in done.out and "what cannot be promised" in done.out, done
    ensemble.wait_serving()
    testing.assert_kept(load)
    assert changed(ensemble, before) == list(ensemble.ids)


def test_a_repair_that_lost_its_controller_is_gone_on_with_elsewhere(ensemble):
    load = ensemble.load()
    for number in ensemble.ids:
        ensemble.kill_zookeeper(number)
    begun = ensemble.begin("repair", "--yes")
    begun.wait_for_line("proceed", 120)
    begun.signal(signal.SIGKILL)
    begun.wait(10)
    refused = ensemble.run("repair", "--yes")
    assert refused.code != command.SUCCEEDED and "resume" in refused.err, refused
    elsewhere = ensemble.directory / "another machine"
    resumed = ensemble.run("--state", elsewhere, "resume", "--yes", seconds=240)
    assert resumed.code == command.SUCCEEDED, resumed
    ensemble.wait_serving()
    testing.assert_kept(load)


def test_on_what_it_had_before_and_on_what_is_wanted(ensemble):
    load = ensemble.load()
    upgraded = ensemble.upgrade(testing.release(NEW))
    assert upgraded.code == command.SUCCEEDED, upgraded
    follower = ensemble.followers()[0]
    ensemble.kill_zookeeper(follower)
    previous = ensemble.run("repair", "--server", follower, "--by", "previous", "--yes", seconds=240)
    assert previous.code == command.SUCCEEDED, previous
    assert ensemble.versions()[follower] == OLD
    drift = ensemble.run("verify")
    assert drift.code != command.SUCCEEDED and "release 3.8.4" in drift.out + drift.err, drift
    ensemble.kill_zookeeper(follower)
    wanted = ensemble.run("repair", "--server", follower, "--by", "desired", "--yes", seconds=240)
    assert wanted.code == command.SUCCEEDED, wanted
    assert set(ensemble.versions().values()) == {NEW}
    testing.assert_kept(load)


def test_one_that_does_not_come_up_is_taken_back_and_nobody_follows(ensemble):
    load = ensemble.load()
    follower = ensemble.followers()[0]
    before = ensemble.processes()
    ensemble.set_setting(BAD, "com.example.Missing")
    ensemble.kill_zookeeper(follower)
    failed = ensemble.run("repair", "--by", "desired", "--yes", seconds=240)
    assert failed.code == command.HALTED, failed
    assert f"not repaired: server {follower}" in failed.err, failed
    ensemble.wait_serving()
    testing.assert_kept(load)
    assert changed(ensemble, before) == [follower]
