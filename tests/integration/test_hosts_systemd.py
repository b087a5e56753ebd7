"""The agent and systemd, on machines of their own: units, jobs, restarts and the watchdog."""

import signal
import subprocess

import ensemble as testing
from host_ensemble import AGENT, NEED_HOSTS, ZOOKEEPER, make_unprivileged, newer
from test_rolls import NEW, OLD, assert_everywhere
from zoowarden_lab import command, host_lab, probes
from zoowarden_lab.layout import binaries

pytestmark = NEED_HOSTS


def drop_in(host, unit, text) -> None:
    host.write(f"/etc/systemd/system/{unit}.d/test.conf", f"[Service]\n{text}")
    host.run(["systemctl", "daemon-reload"])


def use_zkserver(host) -> None:
    host.run(["sed", "--in-place", "s/manager: systemd/manager: zkserver/",
              "/etc/zoowarden/agent.yaml"])
    host.run(["systemctl", "restart", AGENT])


def test_the_managers_against_a_real_systemd(bare):
    """tests/hosts: each case makes its own unit, with a stand-in for ZooKeeper."""
    for program in ("zoowarden_host_tests", "zoowarden-launch"):
        bare.put(binaries() / program, f"/opt/test/{program}", "0755")
    needed = subprocess.run(["ldd", binaries() / "zoowarden_host_tests"], stdout=subprocess.PIPE,
                            encoding="utf-8", check=True).stdout
    for line in needed.splitlines():  # of the fault points, and in no image; for the launcher, too
        if line.strip().startswith("libfiu"):
            bare.put(line.split()[2], f"/usr/lib/{line.split()[0]}")
    entered = bare.entering(["env", "--chdir=/", "/opt/test/zoowarden_host_tests"],
                            {"ZOOWARDEN_TEST_HOST": "1"})
    done = subprocess.run(entered, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0 and "[  PASSED  ]" in done.stdout, done.stdout
    assert "SKIPPED" not in done.stdout, done.stdout


def test_what_systemd_restarts_fails_its_gate_and_is_never_two(made):
    for host in made.machines:
        drop_in(host, ZOOKEEPER, "RestartSec=100ms\n")
    load = made.load()
    upgrade = made.begin_upgrade(testing.release(NEW))
    number = testing.server_of(upgrade.wait_for_line(testing.PROCEED, 180))
    host = made.host(number)

    def started():
        process = host.zookeeper()
        return process and any(f"/{NEW}-" in word for word in process.words()) and process

    first = probes.wait_until(started, 60, "the new release runs")
    agent = made.agent(number)
    agent.signal(signal.SIGSTOP)  # or it would act before systemd does
    first.signal(signal.SIGKILL)
    probes.wait_until(lambda: host.zookeeper() not in (None, first), 30, "systemd restarts it")
    assert host.unit(ZOOKEEPER, "NRestarts") == "1"
    agent.signal(signal.SIGCONT)
    done = upgrade.wait(240)
    assert done.code == command.ROLLED_BACK, done
    testing.assert_kept(load)
    assert_everywhere(made, OLD)
    assert "restarted zoowarden-zookeeper.service by itself" in host.journal(AGENT)


def test_zkserver_makes_a_unit_that_no_end_of_the_agent_reaches(made, tmp_path):
    package = newer(host_lab.package("zoowarden-agent"), tmp_path)
    for number, host in enumerate(made.machines, 1):
        use_zkserver(host)
        made.wait_agent(number)
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)
    running = made.processes()
    for number, host in enumerate(made.machines, 1):
        assert host.main_process(f"zookeeper-lab-{number}.service") == host.zookeeper()
        assert host.unit(AGENT, "MemoryDenyWriteExecute") == "yes"
        host.run(["systemctl", "kill", "--signal=SIGKILL", AGENT])
        made.wait_agent(number)
        host.run(["systemctl", "stop", AGENT])
        assert made.processes() == running
        host.run(["systemctl", "start", AGENT])
        made.wait_agent(number)
        stopped = made.agent(number)
        host.install(package)
        made.wait_agent(number)
        assert not stopped.alive(), "the upgrade of a package restarts the agent"
    assert made.processes() == running


def test_the_watchdog_ends_a_stopped_agent_and_its_operation_goes_on(made):
    for number, host in enumerate(made.machines, 1):
        drop_in(host, AGENT, "WatchdogSec=2s\n")
        host.run(["systemctl", "restart", AGENT])
        made.wait_agent(number)
    upgrade = made.begin_upgrade(testing.release(NEW))
    number = testing.server_of(upgrade.wait_for_line(testing.PROCEED, 180))
    stopped = made.agent(number)
    stopped.signal(signal.SIGSTOP)
    probes.wait_until(lambda: made.agent(number) not in (None, stopped), 60,
                      "systemd starts the agent anew")
    done = upgrade.wait(300)
    assert done.code == command.SUCCEEDED, done
    assert_everywhere(made, NEW)
    assert "watchdog" in made.host(number).run(
        ["journalctl", "--no-pager", "--output=cat", f"UNIT={AGENT}", "_PID=1"]).lower()


def test_an_agent_that_could_start_no_server_does_not_stop_one(made):
    """Without root `zkserver` starts it in the agent's own unit, whose hardening ends every JVM."""
    running = made.processes()
    for number, host in enumerate(made.machines, 1):
        make_unprivileged(host)
        use_zkserver(host)
        made.wait_agent(number)
    refused = made.upgrade(testing.release(NEW))
    assert refused.code not in (command.SUCCEEDED, command.STUCK), refused
    assert "manager: systemd in agent.yaml" in refused.err, refused
    assert made.processes() == running
    assert_everywhere(made, OLD)
