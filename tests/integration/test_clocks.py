"""Wall clocks that jump while an upgrade runs: leases, permits and deadlines do not go by them."""

import pytest

import ensemble as testing
import identities
from surroundings import DAY, HOUR, Surroundings
from zoowarden_lab import command

NEW = "3.9.4"
# As long as an authority lives, less a week.
TEN_YEARS = 3643 * DAY


def certify(made, beginning: Surroundings) -> None:
    """Certificates of a new authority for everybody, each as long as can be from that time on."""
    clock = {"environment": beginning.environment}
    authority = made.directory / "pki-long"
    identities.tool(made, "init", "--dir", authority, "--ensemble", "lab", **clock)
    for place, words in [(made.directory / "operator", ["operator"])] + [
            (server.directory / "pki", ["agent", "--server", server.id])
            for server in made.lab.servers]:
        role, *others = words
        issued = identities.issue(made, authority, role, place.with_name(f"{place.name}-long"),
                                  *others, "--days", 3649, **clock)
        place.rename(place.with_name(f"{place.name}-before"))
        issued.rename(place)


@pytest.mark.parametrize("direction", [1, -1], ids=["ahead", "back"])
def test_a_run_does_not_notice_that_clocks_jump(make_ensemble, tmp_path, direction):
    """An hour and ten years, each way: at the stop of the first server, in its lease, and after."""
    made = make_ensemble(soak="4s")
    agents, controller = Surroundings(tmp_path / "agents"), Surroundings(tmp_path / "controller")
    controller.set_clock(min(direction, 0) * (TEN_YEARS + DAY))
    certify(made, controller)
    controller.set_clock(0)
    for number in made.ids:
        made.restart_agent(number, environment=agents.environment)
    load, watched = made.load(), made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW), environment=controller.environment)
    upgrade.wait_for_line(testing.PROCEED, 180)
    agents.set_clock(direction * HOUR)
    upgrade.wait_for_line(testing.GATE_PASSED, 120)
    agents.set_clock(direction * TEN_YEARS)
    controller.set_clock(direction * HOUR)
    made.wait(lambda: list(made.versions().values()).count(NEW) == 2, 120, "two are new")
    agents.set_clock(0)
    controller.set_clock(direction * TEN_YEARS)
    done = upgrade.wait(240)
    watched.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW} and watched.most_down == 1
    assert sorted(watched.restarts) == made.ids, "somebody was restarted twice"
    for server in made.lab.servers:
        log = server.agent_log.read_text(encoding="utf-8")
        assert "state=unconfirmed" not in log, f"to the agent of {server.id} time ran out"


def test_an_agent_whose_clock_passes_the_end_of_certificates_is_named(make_ensemble, tmp_path):
    """To the leader's agent it is two years later, all at once: nobody stops its server by that."""
    made = make_ensemble(soak="4s")
    last, clock = made.leader(), Surroundings(tmp_path / "clock")
    made.restart_agent(last, environment=clock.environment)
    leading = made.zookeeper(last)
    watched = made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line(testing.GATE_PASSED, 180)
    clock.set_clock(730 * DAY)
    done = upgrade.wait(300)
    assert done.code == command.HALTED, done
    assert f"server {last}" in done.err and "has expired" in done.err, done
    assert made.zookeeper(last) == leading
    clock.set_clock(0)
    resumed = made.run("resume", "--yes", seconds=300)
    watched.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    assert set(made.versions().values()) == {NEW} and watched.most_down == 1
