"""Certificates that change or end while an upgrade runs: it goes on, or waits for somebody."""

import re

import pytest

import ensemble as testing
import identities
from surroundings import Surroundings
from zoowarden_lab import command

OLD, NEW = "3.8.4", "3.9.4"


@pytest.fixture(name="soaking")
def _soaking(make_ensemble):
    """Three servers, each of whose steps takes long enough for something to happen."""
    return make_ensemble(soak="8s")


def agents_of(made) -> dict:
    return {number: made.agent(number) for number in made.ids}


def test_agents_get_new_certificates_in_mid_run_and_it_goes_on(soaking):
    made = soaking
    for server in made.lab.servers:
        identities.behind_link(server.directory / "pki")
    agents, first = agents_of(made), identities.agents_certificates(made)
    load, watched = made.load(), made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line(testing.PROCEED, 180)
    identities.tool(made, "renew", "--dir", made.directory / "pki", "--all")
    done = upgrade.wait(240)
    watched.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW} and watched.most_down == 1
    second = identities.agents_certificates(made)
    assert not set(second.values()) & set(first.values())
    assert agents_of(made) == agents


def test_the_ca_is_changed_in_mid_run_and_it_goes_on(soaking):
    """docs/certificates.md, "Change the CA", while a controller holds its connections."""
    made = soaking
    operator = identities.behind_link(made.directory / "operator")
    places = [operator]
    for server in made.lab.servers:
        places.append(identities.behind_link(server.directory / "pki"))
    agents = agents_of(made)
    load = made.load()
    upgrade = made.begin_upgrade(testing.release(NEW))
    upgrade.wait_for_line(testing.PROCEED, 180)
    old, new = made.directory / "pki", made.directory / "pki2"
    identities.tool(made, "init", "--dir", new, "--ensemble", "lab")
    both = identities.concatenate(made.directory / "both.pem", old / "ca.pem", new / "ca.pem")
    for place in places:
        identities.put(both, place / "ca.pem")
    identities.tool(made, "renew", "--dir", new, "--all")
    identities.exchange(operator, identities.issue(made, new, "operator",
                                                   made.directory / "operator-1"))
    for place in places:
        identities.put(new / "ca.pem", place / "ca.pem")
    assert upgrade.running(), upgrade.said()
    done = upgrade.wait(240)
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW} and agents_of(made) == agents


def test_an_operators_certificate_ends_in_mid_run_and_a_fresh_one_resumes(soaking, tmp_path):
    made = soaking
    short = identities.issue_ending(made, Surroundings(tmp_path / "makes"), 25, "operator",
                                    made.directory / "short")
    load, watched = made.load(), made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW), "--pki", short)
    done = upgrade.wait(240)
    assert upgrade.said().count("before stopping") and watched.most_down <= 1
    assert done.code == command.DENIED, done
    assert "has expired" in done.err and "zoowarden pki issue" in done.err, done
    run = re.search(r"`zoowarden resume (\S+)` goes on", done.err).group(1)
    resumed = made.run("resume", run, "--yes", seconds=300)
    watched.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW} and watched.most_down == 1


def test_an_operators_certificate_is_exchanged_before_it_ends_and_the_run_goes_on(
        soaking, tmp_path):
    made = soaking
    short = identities.issue_ending(made, Surroundings(tmp_path / "makes"), 25, "operator",
                                    made.directory / "short")
    place = identities.behind_link(short)
    upgrade = made.begin_upgrade(testing.release(NEW), "--pki", place)
    upgrade.wait_for_line(testing.PROCEED, 180)
    identities.exchange(place, made.directory / "operator")
    done = upgrade.wait(240)
    assert done.code == command.SUCCEEDED, done
    assert set(made.versions().values()) == {NEW}


def test_an_agents_certificate_ends_in_mid_run_and_its_server_is_named(soaking, tmp_path):
    made = soaking
    last = made.leader()
    place = identities.behind_link(made.lab.server(last).directory / "pki")
    identities.exchange(place, identities.issue_ending(
        made, Surroundings(tmp_path / "makes"), 25, "agent",
        place.with_name("short"), "--server", last))
    made.restart_agent(last)
    leading = made.zookeeper(last)
    load, watched = made.load(), made.watch()
    done = made.upgrade(testing.release(NEW))
    assert done.code in (command.HALTED, command.ROLLED_BACK), done
    assert f"server {last}" in done.err and "has expired" in done.err, done
    assert made.zookeeper(last) == leading
    identities.exchange(place, identities.issue(
        made, made.directory / "pki", "agent", place.with_name("fresh"), "--server", last))
    resumed = made.run("resume", "--yes", seconds=300)
    watched.stop()
    assert resumed.code == command.SUCCEEDED, resumed
    testing.assert_kept(load)
    assert set(made.versions().values()) == {NEW} and watched.most_down == 1


def test_an_operator_revoked_in_mid_run_is_refused_and_another_goes_back(soaking):
    made, authority = soaking, soaking.directory / "pki"
    identities.tool(made, "crl", "--dir", authority, "--out", made.directory / "crl.pem")
    for server in made.lab.servers:
        identities.put(made.directory / "crl.pem", server.directory / "crl.pem")
        text = server.agent_config.read_text(encoding="utf-8")
        changed, count = re.subn(r"^pki:\n", f'pki:\n  crl: "{server.directory}/crl.pem"\n', text,
                                 flags=re.MULTILINE)
        assert count == 1, text
        server.agent_config.write_text(changed, encoding="utf-8")
        made.restart_agent(server.id)
    thief = identities.issue(made, authority, "operator", made.directory / "stolen")
    serial = identities.serial_in(made, thief / "cert.pem")
    load, watched = made.load(), made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW), "--pki", thief)
    upgrade.wait_for_line(testing.GATE_PASSED, 180)
    identities.tool(made, "revoke", "--dir", authority, serial)
    identities.tool(made, "crl", "--dir", authority, "--out", made.directory / "newer.pem")
    identities.tool(made, "push-crl", made.directory / "newer.pem")
    seen = made.processes()
    done = upgrade.wait(240)
    assert done.code == command.DENIED and "has been revoked" in done.err, done
    assert made.processes() == seen, "it stopped a server after it had been revoked"
    run = made.status()["open_runs"][0]["id"]
    back = made.run("rollback", run, "--yes", seconds=300)
    watched.stop()
    assert back.code == command.SUCCEEDED, back
    testing.assert_kept(load)
    assert set(made.versions().values()) == {OLD} and watched.most_down == 1
