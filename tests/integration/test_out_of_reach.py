"""Agents that the controller does not reach: neither counted nor touched, whatever comes back when.

Three real servers, mostly under load. Their members serve all the time and see each other; what is
away is an agent, behind a network that drops what is sent to it, or frozen.
"""

import signal

import pytest

import ensemble as testing
from terminal import Typed
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"
_PREFLIGHT = 10  # seconds that a run waits for an ensemble to be healthy, run_decision.h
_QUIET = 7  # seconds: more than two lapses of the lab's lease, and many rounds


class Frozen:
    """Takes agents away by freezing their processes: connections to them stay and say nothing.

    For as long as one likes: an agent that is cut off here from all, itself included, ends when it
    has not been able to look at its own port for half a minute.
    """

    def __init__(self, made):
        self._made = made
        self._away = []

    def cut(self, *servers) -> None:
        for server in servers:
            agent = self._made.agent(server.id)
            agent.signal(signal.SIGSTOP)
            self._away.append(agent)

    def heal(self) -> None:
        while self._away:
            self._away.pop().signal(signal.SIGCONT)


@pytest.fixture(name="made")
def _made_in_partition(partition, make_ensemble):
    """Three servers in the network of `partition`."""
    del partition
    return make_ensemble()


def servers(made, *numbers) -> list:
    return [made.lab.server(number) for number in numbers]


def stay_quiet(made, seconds: float = _QUIET) -> None:
    """Nothing is restarted for that long."""
    before = made.processes()
    made.wait_for(seconds)
    assert made.processes() == before


def all_but(made, number: int) -> list:
    """Who has the newest record of a run when that agent was away."""
    return ["here"] + [f"server {other}" for other in made.ids if other != number]


def begin_at_terminal(made) -> Typed:
    """An upgrade that is planned, with all agents there, and waits to be approved."""
    wanted = testing.release(NEW)
    typed = Typed(made, "zoowarden", "upgrade", "--to", NEW, "--release", wanted.path, "--no-color")
    typed.wait_for("[y/N]", 60)
    return typed


def sleep_after_first(made) -> tuple:
    """An upgrade that sleeps since its first server was committed, before any other was intended
    to stop; that server, the next one and the leader."""
    leader, (first, second) = made.leader(), made.followers()
    running = made.begin_upgrade(testing.release(NEW),
                                 environment={"ZOOWARDEN_FAULT": "controller.after_commit:stop"})
    made.wait(running.frozen, 240, "the first server is committed")
    return running, first, second, leader


def test_with_one_agent_away_a_plan_is_refused_and_no_agent_is_asked_for_anything(made, partition):
    before, away = made.processes(), made.followers()[1]
    partition.cut(*servers(made, away))
    refused = made.upgrade(testing.release(NEW), "-o", "json")
    assert refused.code == command.REFUSED, refused
    error = refused.json["error"]
    assert error["reason"] == "preflight.agent_unreachable", error
    assert f"server {away}: its agent does not answer" in error["message"], error
    partition.heal()
    assert made.processes() == before and not made.runs() and not made.audited()


@pytest.mark.parametrize("returns", [True, False])
def test_one_agent_goes_away_before_the_run_has_begun(made, partition, returns):
    """A majority of two holds epoch and record, and waits for the third."""
    load, watch, before = made.load(), made.watch(), made.processes()
    away = made.followers()[1]
    typed = begin_at_terminal(made)
    partition.cut(*servers(made, away))
    typed.answer("y")
    typed.wait_for("waiting", 30)
    assert made.run_shown()["copies"] == all_but(made, away)
    assert made.processes() == before
    if returns:
        partition.heal()
    done = typed.wait(_PREFLIGHT + 240)
    partition.heal()
    watch.stop()
    testing.assert_kept(load)
    acquired = [key for key, row in made.audited().items() if row["method"].endswith("/Acquire")]
    if returns:
        assert done.code == command.SUCCEEDED, done
        assert set(made.versions().values()) == {NEW}
        assert sorted(watch.restarts) == made.ids and watch.most_down == 1
        assert {server for server, _ in acquired} == set(made.ids)
        assert len(made.run_shown()["copies"]) == 4
    else:
        assert done.code == command.REFUSED, done
        assert f"server {away}" in done.err and "nothing was touched" in done.err, done
        assert made.processes() == before and not watch.restarts
        assert {server for server, _ in acquired} == set(made.ids) - {away}
        assert made.upgrade(testing.release(NEW)).code == command.SUCCEEDED


@pytest.mark.parametrize("place, how", [("done", "cut"), ("next", "frozen"), ("leader", "cut")])
def test_one_agent_away_in_mid_run_holds_up_every_stop(made, partition, place, how):
    """Whoever it is: with it unknown no other server can be spared."""
    load, watch = made.load(), made.watch()
    running, first, second, leader = sleep_after_first(made)
    away = {"done": first, "next": second, "leader": leader}[place]
    reach = partition if how == "cut" else Frozen(made)
    reach.cut(*servers(made, away))
    running.signal(signal.SIGCONT)
    running.wait_for_line("not answer", 60)
    stay_quiet(made)
    assert running.running() and made.status()["lease"]["run"] == made.runs()[0]["id"]
    reach.heal()
    done = running.wait(240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW}
    assert sorted(watch.restarts) == made.ids and watch.most_down == 1
    assert len(made.run_shown()["copies"]) == 4, "the one that was away has the record too"


def test_one_agent_that_stays_away_halts_the_run_which_goes_on_when_it_is_back(ensemble):
    ensemble.set_policy("step_timeout", "12s")
    load, watch, reach = ensemble.load(), ensemble.watch(), Frozen(ensemble)
    running, first, second, _ = sleep_after_first(ensemble)
    reach.cut(*servers(ensemble, second))
    running.signal(signal.SIGCONT)
    done = running.wait(120)
    assert done.code == command.HALTED, done
    assert f"server {second}" in done.err and "did not answer" in done.err, done
    assert watch.restarts == [first]
    assert ensemble.run_shown()["copies"] == all_but(ensemble, second)
    again = ensemble.run("resume", "--yes")
    assert again.code == command.HALTED and watch.restarts == [first], again
    reach.heal()
    resumed = ensemble.run("resume", "--yes", seconds=240)
    watch.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW} and sorted(watch.restarts) == ensemble.ids


def test_two_agents_away_when_a_run_would_begin(made, partition):
    before, (first, second) = made.processes(), made.followers()
    typed = begin_at_terminal(made)
    partition.cut(*servers(made, first, second))
    typed.answer("y")
    done = typed.wait(60)
    assert done.code == command.ERROR, done
    assert "1 of 3 agents answer and 2 are needed" in done.err, done
    for number in (first, second):
        assert f"server {number}" in done.err.rpartition("error: ")[2], done
    assert "next: start the agents that do not answer" in done.err, done
    partition.heal()
    assert made.processes() == before and not made.runs() and not made.audited()
    assert made.upgrade(testing.release(NEW)).code == command.SUCCEEDED


def test_two_agents_away_in_mid_run_and_back_in_time(made, partition):
    load, watch = made.load(), made.watch()
    running, first, second, leader = sleep_after_first(made)
    partition.cut(*servers(made, second, leader))
    running.signal(signal.SIGCONT)
    running.wait_for_line("not answer", 60)
    assert watch.restarts == [first]
    stay_quiet(made)
    partition.heal()
    done = running.wait(240)
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert sorted(watch.restarts) == made.ids and watch.most_down == 1


def test_two_agents_that_stay_away_end_the_command_and_not_the_run(ensemble):
    ensemble.set_policy("step_timeout", "10s")
    load, watch, reach = ensemble.load(), ensemble.watch(), Frozen(ensemble)
    running, first, second, leader = sleep_after_first(ensemble)
    run = ensemble.runs()[0]["id"]
    reach.cut(*servers(ensemble, second, leader))
    running.signal(signal.SIGCONT)
    done = running.wait(180)
    assert done.code == command.TIMEOUT, done
    assert "could be stored on 1 of 3 agents only" in done.err, done
    assert "then `zoowarden resume`" in done.err, done
    assert watch.restarts == [first]
    here = ensemble.run("resume", "--yes")
    assert here.code == command.ERROR and "2 are needed" in here.err, here
    elsewhere = {"ZOOWARDEN_STATE": str(ensemble.directory / "another machine")}
    listed = ensemble.run("runs", "list", "-o", "json", environment=elsewhere).json["runs"]
    assert [one["id"] for one in listed if one["open"]] == [run], listed
    alone = ensemble.run("resume", "--yes", "-o", "json", environment=elsewhere)
    assert alone.code == command.REFUSED, alone
    assert alone.json["error"]["reason"] == "run.no_agreement", alone
    assert watch.restarts == [first]
    reach.heal()
    resumed = ensemble.run("resume", "--yes", environment=elsewhere, seconds=240)
    watch.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    testing.assert_kept(load)
    assert set(ensemble.versions().values()) == {NEW}
    assert sorted(watch.restarts) == ensemble.ids and watch.most_down == 1
