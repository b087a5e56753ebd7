"""An agent that was away while its run was taken over comes back with the old epoch, in mid-run.

The first controller sleeps, with a call to that agent in hand or not; the second one has a majority
of two. Whoever wakes first: the agent obeys the new epoch alone, and the old one does nothing.
"""

import signal

import pytest

import ensemble as testing
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
_PERMIT_IS_OVER = 4  # seconds: it lives three


@pytest.fixture(name="made")
def _made_in_partition(partition, make_ensemble):
    del partition
    return make_ensemble(step_timeout="120s")


def fall_asleep(made, point: str) -> tuple:
    """An upgrade that sleeps at that point of its first step, and the run's id."""
    running = made.begin_upgrade(testing.release(NEW),
                                 environment={"ZOOWARDEN_FAULT": f"controller.{point}:stop"})
    made.wait(running.frozen, 240, "the first controller sleeps")
    return running, made.runs()[0]["id"]


def take_over(made, run: str, missing: int) -> command.Running:
    """A second controller, on another machine, that has come as far as it can without `missing`.

    Epoch and record are on a majority of two; no gate and no stop passes without the third.
    """
    elsewhere = {"ZOOWARDEN_STATE": str(made.directory / "another machine")}
    second = made.begin("resume", run, "--yes", "--take-over", environment=elsewhere)
    second.wait_for_line("not answer", 120)
    return second


def epochs_at(made, number: int) -> set:
    """The epochs that this agent was asked for anything with."""
    return {row["epoch"] for (server, _), row in made.audited().items() if server == number}


def asked_later(made, before: dict) -> list:
    """The server and the row of every call since."""
    return [(key[0], row) for key, row in made.audited().items() if key not in before]


def assert_ended_fenced(ended: command.Outcome) -> None:
    assert ended.code == command.HELD, ended
    assert "another controller has taken this run over" in ended.err, ended


def test_it_obeys_the_new_epoch_alone_though_the_old_controller_reaches_it_first(made, partition):
    load, watch = made.load(), made.watch()
    leader, (first, second) = made.leader(), made.followers()
    old, run = fall_asleep(made, "after_proceed")
    partition.cut(made.lab.server(second))
    new = take_over(made, run, second)
    new.signal(signal.SIGSTOP)
    made.wait(new.frozen, 10, "the second controller sleeps too")
    partition.heal()
    assert len(epochs_at(made, second)) == 1, "the new epoch is not known to the one that was away"
    processes, before = made.processes(), made.audited()
    old.signal(signal.SIGCONT)
    assert_ended_fenced(old.wait(120))
    # That agent lets it look, with a write that is always refused, and give back its old lease.
    obeyed = [(server, row["method"]) for server, row in asked_later(made, before)
              if row["code"] == "ok"]
    assert set(obeyed) <= {(second, "ObserveService/CommitCanary"),
                           (second, "LeaseService/Release")}, obeyed
    assert made.processes() == processes
    new.signal(signal.SIGCONT)
    done = new.wait(240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert len(epochs_at(made, second)) == 2
    assert watch.restarts == [first, second, leader] and watch.most_down == 1
    assert set(made.versions().values()) == {NEW}


@pytest.mark.parametrize("knows, reason", [(False, "permit."), (True, "fence.stale_epoch")])
def test_a_stop_that_the_old_controller_had_in_hand_is_refused_by_it(made, partition, knows,
                                                                     reason):
    """Also by an agent that has not heard of the new epoch yet: its permit is over."""
    load, watch = made.load(), made.watch()
    victim = made.followers()[0]
    old, run = fall_asleep(made, "before_proceed")
    partition.cut(made.lab.server(victim))
    new = take_over(made, run, victim)
    if knows:
        partition.heal()
        new.wait_for_line("proceed", 120)
    else:
        new.signal(signal.SIGSTOP)
        made.wait(new.frozen, 10, "the second controller sleeps too")
        partition.heal()
        made.wait_for(_PERMIT_IS_OVER)
    before, processes = made.audited(), made.processes()
    old.signal(signal.SIGCONT)
    assert_ended_fenced(old.wait(120))
    refused = [row for server, row in asked_later(made, before) if server == victim
               and row["method"] == "OperateService/Proceed" and row["code"] != "ok"]
    # At most one: after a long sleep gRPC may have given the connection up before.
    assert all(row["reason"].startswith(reason) for row in refused) and len(refused) < 2, refused
    if not knows:
        assert made.processes() == processes and not watch.restarts
    new.signal(signal.SIGCONT)
    done = new.wait(240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert sorted(watch.restarts) == made.ids and watch.most_down == 1
    assert set(made.versions().values()) == {NEW}
