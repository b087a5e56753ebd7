"""On machines of their own, with systemd: our Debian packages and ZooKeeper as a unit."""

import json
import os
import pathlib
import re
import subprocess

import pytest

import ensemble as testing
from host_ensemble import AGENT, NEED_HOSTS, ZOOKEEPER, make_unprivileged, newer
from mirror import Mirror, make_certificate
from test_rolls import NEW, OLD, assert_everywhere
from zoowarden_lab import (command, down, host_lab, host_network, hosts, mounts, probes,
                           processes)

pytestmark = NEED_HOSTS

_INSTALL = pathlib.Path(__file__).parents[2] / "docs" / "install.md"


def told_exposures() -> list:
    """What docs/install.md says of root and of ZooKeeper's user."""
    text = re.sub(r"\s+", " ", _INSTALL.read_text(encoding="utf-8"))
    told = re.search(r"zoowarden-agent` says ([0-9.]+) \(systemd 252; ([0-9.]+) as", text)
    return [float(figure) for figure in told.groups()]


def exposure(host) -> float:
    text = host.run(["systemd-analyze", "security", "--no-pager", AGENT])
    return float(re.search(r"exposure level for \S+: ([0-9.]+)", text).group(1))


def test_a_package_without_configuration_is_enabled_and_starts_nothing(bare):
    bare.install(host_lab.package("zoowarden-agent"), host_lab.package("zoowarden"))
    assert bare.unit(AGENT, "UnitFileState") == "enabled"
    assert bare.unit(AGENT, "ActiveState") == "inactive"
    assert bare.unit(ZOOKEEPER, "UnitFileState") == "disabled"
    assert bare.unit(ZOOKEEPER, "ActiveState") == "inactive"
    assert "zoowarden upgrade" in bare.run(["zoowarden", "--help"])
    assert r"\-\-check" in bare.run(["zcat", "/usr/share/man/man8/zoowarden-agent.8.gz"])
    assert bare.run(["bash", "-c", ". /usr/share/bash-completion/completions/zoowarden; "
                     "COMP_WORDS=(zoowarden upg) COMP_CWORD=1; _zoowarden; "
                     "echo ${COMPREPLY[*]}"]) == "upgrade\n"
    assert bare.run(["stat", "-c", "%U %a", "/var/lib/zoowarden", "/var/lib/zookeeper"]) == \
        "root 700\nzookeeper 750\n"
    # agent.yaml is the administrator's own: nothing of the packages' lies in /etc.
    assert not bare.run(["dpkg-query", "--show", "--showformat=${Conffiles}", "zoowarden-agent",
                         "zoowarden"])


def test_the_packaged_fetcher_downloads_over_tls(bare, tmp_path):
    bare.install(host_lab.package("zoowarden-agent"))
    content, hub = os.urandom(100_000), host_network.address(host_network.HUB)
    certificate, key = make_certificate(tmp_path, "mirror", hub)
    with bare.network.inside():
        mirror = Mirror(certificate, key, content, hub)
    try:
        bare.put(certificate, "/root/mirror.pem")
        assert not bare.run(["/usr/lib/zoowarden/zoowarden-fetch", "--url", f"{mirror.url}release",
                             "--allow", mirror.url, "--output", "/root/archive", "--ca",
                             "/root/mirror.pem", "--most-bytes", 200_000, "--spare-bytes", 0,
                             "--stall-seconds", 5])
        assert (bare.root / "root" / "archive").read_bytes() == content
    finally:
        mirror.close()


def test_directories_that_were_there_keep_their_owner_and_mode(bare):
    """A ZooKeeper that runs under another user would lose its data directory otherwise."""
    there = ["/var/lib/zookeeper", "/var/log/zookeeper", "/opt/zookeeper"]
    bare.run(["mkdir", "-p", *there])
    bare.run(["chown", "1234:1234", *there])
    bare.run(["chmod", "0711", *there])
    bare.install(host_lab.package("zoowarden-agent"), host_lab.package("zoowarden"))
    bare.run(["systemd-tmpfiles", "--create"])
    assert bare.run(["stat", "-c", "%u:%g %a", *there]) == "1234:1234 711\n" * 3


# What packaging/units/zoowarden-zookeeper.service promises of a JVM, as systemd has it.
_IN_EFFECT = {"Type": "exec", "SuccessExitStatus": "143", "TimeoutStopUSec": "5min",
              "Environment": "ZOO_DATADIR_AUTOCREATE_DISABLE=1", "NeedDaemonReload": "no"}


def unit_in_effect(host) -> dict:
    return {key: host.unit(ZOOKEEPER, key) for key in _IN_EFFECT}


def test_an_upgrade_under_load_loses_nothing(made):
    load, watch = made.load(), made.watch()
    leader = made.leader()
    units = [host.run(["systemctl", "cat", ZOOKEEPER]) for host in made.machines]
    done = made.upgrade(testing.release(NEW))
    watch.stop()
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert_everywhere(made, NEW)
    assert watch.restarts == watch.order and watch.order[-1] == leader and watch.elections == 1
    for host in made.machines:
        assert host.main_process(ZOOKEEPER) == host.zookeeper()
        assert processes.user(host.zookeeper().pid) == int(host.run(["id", "-u", "zookeeper"]))
        assert host.unit(ZOOKEEPER, "NRestarts") == "0"
        assert unit_in_effect(host) == _IN_EFFECT
        assert "-Dzookeeper.datadir.autocreate=false" in host.zookeeper().words()
    # A switch edits no unit: they name the launcher, which looks where `current` points.
    assert [host.run(["systemctl", "cat", ZOOKEEPER]) for host in made.machines] == units


def test_a_release_that_never_joins_is_rolled_back(made):
    load, watch = made.load(), made.watch()
    done = made.upgrade(testing.bad_release("never_joins"))
    watch.stop()
    assert done.code == command.ROLLED_BACK, done
    testing.assert_kept(load)
    assert_everywhere(made, OLD)
    assert len(watch.order) == 1 and watch.elections == 0


def test_the_agents_package_is_upgraded_in_the_middle_of_a_run(made, tmp_path):
    package = newer(host_lab.package("zoowarden-agent"), tmp_path)
    load, watch = made.load(), made.watch()
    upgrade = made.begin_upgrade(testing.release(NEW))
    number = testing.server_of(upgrade.wait_for_line(testing.PROCEED, 180))
    before = made.agent(number)
    made.host(number).install(package)
    done = upgrade.wait(240)
    watch.stop()
    assert not before.alive() and made.agent(number), "the upgrade of a package restarts the agent"
    assert done.code == command.SUCCEEDED, done
    testing.assert_kept(load)
    assert_everywhere(made, NEW)
    assert watch.restarts == watch.order and len(watch.order) == 3
    assert "+newer" in made.host(number).run(["dpkg-query", "-W", "zoowarden-agent"])


def test_a_detached_run_outlives_the_session_that_began_it(made):
    """The session here is a unit, whose end takes everything in it along."""
    host, archive = made.host(1), testing.release(NEW).path
    host.install(host_lab.package("zoowarden"))
    host.write("/root/ensemble.yaml", made.ensemble_text)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        host.put(made.directory / "operator" / name, f"/root/pki/{name}", mode="0600")
    for ending in ("", ".sha512", ".asc"):
        host.put(f"{archive}{ending}", f"/root/release.tar.gz{ending}")
    words = ["zoowarden", "--ensemble", "/root/ensemble.yaml", "--pki", "/root/pki",
             "--state", "/root/state"]
    began = host.run(["systemd-run", "--quiet", "--pipe", "--wait", "--collect", *words, "upgrade",
                      "--to", NEW, "--release", "/root/release.tar.gz", "--yes", "--detach",
                      "-o", "json"])
    run = json.loads(began)
    assert run["unit"] == f"zoowarden-{run['id']}.scope"
    assert host.unit(run["unit"], "ActiveState") == "active"
    host.run([*words, "attach", run["id"]], seconds=240)  # which fails unless the run succeeds
    assert_everywhere(made, NEW)
    probes.wait_until(lambda: host.unit(run["unit"], "LoadState") == "not-found", 20,
                      "nothing is left of the unit")


@pytest.mark.parametrize("way", ["remove", "purge"])
def test_an_open_operation_outlives_the_agents_package(made, way):
    if way == "purge":  # and the journal stays its user's
        for host in made.machines:
            make_unprivileged(host)
            made.wait_agent(host.id)
    upgrade = made.begin_upgrade(testing.release(NEW))
    # Told before it is asked of the agent: a kill in between would leave nothing to go on alone.
    number = testing.server_of(upgrade.wait_for_line(": stopping", 180))
    upgrade.kill()
    host, before = made.host(number), made.zookeeper(number)
    probes.wait_until(lambda: host.zookeeper() not in (None, before), 60, "the new release runs")
    running = made.processes()
    said = host.run(["dpkg", f"--{way}", "zoowarden-agent"])
    run_id = re.search(rf"server {number}: operation \S+ of run (\S+) is open, in state", said)
    assert run_id and run_id.group(1) == made.runs()[0]["id"], said
    assert "zoowarden resume" in said and "removed: the agent's" not in said, said
    assert host.exists("/var/lib/zoowarden/journal.db")
    host.install(host_lab.package("zoowarden-agent"))
    made.wait_agent(number)
    assert made.processes() == running
    done = made.run("resume", "--yes", seconds=240)
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)
    assert made.zookeeper(number) == running[number] == host.main_process(ZOOKEEPER)
    said = host.run(["dpkg", "--purge", "zoowarden-agent"])
    assert "is open" not in said and "removed: the agent's journal" in said, said
    assert not host.exists("/var/lib/zoowarden")


def test_whatever_happens_to_the_agent_and_its_package_zookeeper_is_not_touched(made, tmp_path):
    host, running = made.host(1), made.processes()
    package = host_lab.package("zoowarden-agent")
    host.run(["systemctl", "restart", AGENT])
    host.install(newer(package, tmp_path))
    host.run(["systemctl", "kill", "--signal=SIGKILL", AGENT])
    made.wait_agent(1)
    assert made.status()["members"][0]["id"] == 1
    host.run(["dpkg", "--remove", "zoowarden-agent"])
    assert host.exists("/var/lib/zoowarden/journal.db") and host.exists("/etc/zoowarden/agent.yaml")
    host.install(package)
    made.wait_agent(1)
    said = host.run(["dpkg", "--purge", "zoowarden-agent"])
    assert "/var/lib/zoowarden" in said and "kept:" in said, said
    assert not host.exists("/var/lib/zoowarden")
    for kept in ("/etc/zoowarden/agent.yaml", "/var/lib/zookeeper/version-2",
                 "/opt/zookeeper/generations/current/conf/zoo.cfg", "/var/log/zookeeper"):
        assert host.exists(kept), kept
    assert made.processes() == running
    made.wait_serving()


def test_a_host_that_was_rebooted_brings_its_server_back(made):
    for end in (lambda host: host.poweroff(), lambda host: host.kill()):
        number = made.followers()[0]
        host, before = made.host(number), made.zookeeper(number)
        end(host)
        assert not before.alive()
        host.boot()
        made.wait_serving()
        made.wait_agent(number)
        assert host.main_process(ZOOKEEPER) == made.zookeeper(number)
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done


def renew(made) -> None:
    """Every agent gets a new certificate, and shows it, as it runs."""
    agents, before = [made.agent(number) for number in made.ids], serials(made)
    done = made.run("pki", "renew", "--dir", made.directory / "pki", "--all")
    assert done.code == command.SUCCEEDED, done
    assert not set(before) & set(serials(made))
    assert [made.agent(number) for number in made.ids] == agents


def serials(made) -> list:
    told = made.run("pki", "status", "--agents", "-o", "json").json
    return [agent["certificate"]["serial"] for agent in told["agents"]]


def assert_it_may_only_start_and_stop_its_unit(host) -> None:
    """What the polkit rule gives ZooKeeper's user, and what it does not."""
    def attempt(*words) -> str:
        command_line = ["setpriv", "--reuid=zookeeper", "--regid=zookeeper", "--clear-groups",
                        "env", "SYSTEMD_EDITOR=touch", *words]
        done = subprocess.run(host.entering(command_line), stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
        return done.stdout if done.returncode else ""

    units = ["systemctl", "show", ZOOKEEPER, AGENT, "--property",
             "UnitFileState,ActiveState,MainPID,DropInPaths,MemoryMax"]
    before = host.run(units)
    for words in (["stop", AGENT], ["stop", "polkit.service"], ["restart", "dbus.service"],
                  ["start", "rescue.target"], ["kill", "--signal=SIGCONT", AGENT],
                  ["mask", ZOOKEEPER], ["disable", ZOOKEEPER], ["enable", ZOOKEEPER],
                  ["set-property", ZOOKEEPER, "MemoryMax=1G"], ["revert", ZOOKEEPER],
                  ["daemon-reload"], ["poweroff"]):
        said = attempt("systemctl", "--no-ask-password", *words)
        assert re.search("authentication required|Access denied", said), (words, said)
    for words in (["true"], [f"--unit={ZOOKEEPER}", "true"]):
        said = attempt("systemd-run", "--no-ask-password", *words)
        assert re.search("authentication required|Access denied", said), (words, said)
    said = attempt("script", "--quiet", "--return", "--command", f"systemctl edit {ZOOKEEPER}",
                   "/dev/null")  # which gives the terminal that it insists on
    assert "Failed to create" in said, said
    assert host.run(units) == before
    assert not attempt("systemctl", "--no-ask-password", "reset-failed", ZOOKEEPER)


def test_the_agent_is_confined_as_root_and_works_without_root(made):
    as_root, as_zookeeper = told_exposures()
    assert as_root <= 3.0 and as_zookeeper <= 1.5
    assert {exposure(host) for host in made.machines} == {as_root}
    renew(made)
    running = made.processes()
    for host in made.machines:
        make_unprivileged(host)
    assert made.processes() == running
    for host in made.machines:
        made.wait_agent(host.id)
        assert exposure(host) == as_zookeeper
        assert processes.user(made.agent(host.id).pid) == processes.user(host.zookeeper().pid)
    assert_it_may_only_start_and_stop_its_unit(made.machines[0])
    assert made.processes() == running
    renew(made)
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)


def test_two_labs_of_hosts_live_side_by_side_and_down_leaves_nothing(tmp_path):
    made = [hosts.start(tmp_path / name, 1)[0] for name in ("one", "two")]
    made[0].write("/etc/only-here", "")
    assert not made[1].exists("/etc/only-here")
    for host in made:
        assert host.run(["ip", "-4", "-brief", "address", "show", "eth0"]).split()[2] == \
            f"{host_network.address(1)}/24"
    made[0].kill()  # as after a crash: down finds what is left
    for host in made:
        down.down(host.lab)
        assert not host.processes() and not host.network.processes()
    assert not any(host.network.names() or mounts.below(host.lab) for host in made)
