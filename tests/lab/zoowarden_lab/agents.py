"""Agents of a lab: starting one, and finding the processes of a server."""

import subprocess

from . import hosts, probes, processes
from .layout import Lab, Server, program
from .processes import Process


def start(lab: Lab, server: Server, fault: str = "", environment=None) -> Process:
    """Starts the server's agent in its own session and waits until it listens.

    `fault` arms a point of the agent, such as "agent.after_switch:kill". A killed one has ended
    when its last thread has: until then it holds its port and its journal. `environment` adds to
    that of the lab's programs.
    """
    probes.wait_until(lambda: not probes.listens(server, probes.AGENT_PORT), 30,
                      f"the port of server {server.id}'s agent is free")
    environment = {**lab.process_environment(), **(environment or {})}
    if fault:
        environment["ZOOWARDEN_FAULT"] = fault
    command = [program("zoowarden-agent"), "--config", server.agent_config]
    with open(server.agent_log, "ab") as log:
        # pylint: disable-next=consider-using-with  (it is meant to outlive this program)
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True, env=environment,
                                 cwd=server.directory)

    def listening_or_ended():
        if child.poll() is not None:
            raise probes.LabError(f"the agent of server {server.id} ended with "
                                  f"{child.returncode}: {last_words(server)}")
        return probes.listens(server, probes.AGENT_PORT)
    probes.wait_until(listening_or_ended, 30, f"the agent of server {server.id} listens")
    return processes.find(child.pid)


def last_words(server: Server) -> str:
    try:
        return server.agent_log.read_text(encoding="utf-8", errors="replace")[-1500:]
    except OSError:
        return "it wrote nothing"


def find(server: Server):
    """The running agent of this server, or None."""
    wanted = str(server.agent_config)
    for process in processes.everything():
        words = process.words()
        if words and words[0].endswith("zoowarden-agent") and words[1:] == ["--config", wanted]:
            return process
    return None


def find_zookeeper(server: Server):
    """The JVM of this server, told by the configuration file at the end of its command line."""
    if server.on_host:
        return hosts.of(server).zookeeper()
    below = f"{server.directory}/"
    for process in processes.everything():
        words = process.words()
        if len(words) > 2 and words[-1].startswith(below) and "QuorumPeerMain" in words[-2]:
            return process
    return None
