"""One agent alone, without a ZooKeeper, with an authority of its own and an operator."""

import json
import os
import pathlib
import resource
import socket
import subprocess

from zoowarden_lab import layout, probes

HOST, PORT = "127.0.77.1", 17443
# As a login shell gives them, and a service without limits of its own.
_SOFT, HARD = 1024, min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)


def zoowarden(home, *words) -> subprocess.CompletedProcess:
    return subprocess.run([layout.program("zoowarden"), *map(str, words)], text=True, timeout=60,
                          capture_output=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(home),
                               "ZOOWARDEN_ENSEMBLE": str(home / "ensemble.yaml"),
                               "ZOOWARDEN_PKI": str(home / "operator"),
                               "ZOOWARDEN_STATE": str(home / "controller")})


def connect_silently(count, address) -> list:
    """Connections from that address on which nothing is said."""
    return [socket.create_connection((HOST, PORT), 10, source_address=(address, 0))
            for _ in range(count)]


class Agent:
    """An agent of server 1, its keys and an operator's, below `home`.

    `most_descriptors` is its hard limit; `crl` names a revocation list; one that is `watched` looks
    at its own port every three seconds, as under systemd; `more` are lines of its agent.yaml.
    """

    def __init__(self, home, most_descriptors=HARD, crl=False, watched=False, more=""):
        self.home = home
        self._most = most_descriptors
        self._environment = {**os.environ, **({"WATCHDOG_USEC": "9000000"} if watched else {})}
        self.process = None
        self.issue("pki", "init", "--dir", home / "ca", "--ensemble", "lab")
        self.issue("pki", "issue", "--dir", home / "ca", "--role", "agent", "--server", 1,
                   "--out", home / "agent")
        self.issue("pki", "issue", "--dir", home / "ca", "--role", "operator",
                   "--out", home / "operator")
        self._write(crl, more)
        self.start()

    def _write(self, crl, more):
        home, keys = self.home, self.home / "agent"
        listed = f", crl: {home}/crl.pem" if crl else ""
        if crl:
            self.issue("pki", "crl", "--dir", home / "ca", "--out", home / "crl.pem")
        (home / "agent.yaml").write_text(
            f"ensemble: lab\nserver: 1\nlisten: {HOST}:{PORT}\n"
            f"pki: {{ca: {keys}/ca.pem, certificate: {keys}/cert.pem, key: {keys}/key.pem"
            f"{listed}}}\n"
            f"state_directory: {home}/state\n"
            f"instance: {{releases: {home}/releases, generations: {home}/generations, "
            f"data_directory: {home}/data, log_directory: {home}/logs, manager: zkserver}}\n"
            f"{more}", encoding="utf-8")
        (home / "ensemble.yaml").write_text(
            "ensemble: lab\n"
            f"release: {{version: 3.9.4, source: a.tar.gz, sha512: \"{'1' * 128}\"}}\n"
            "config: {settings: {tickTime: 2000, initLimit: 10, syncLimit: 5}}\n"
            f"servers:\n  - {{id: 1, host: {HOST}, agent: \"{HOST}:{PORT}\"}}\n",
            encoding="utf-8")

    def start(self, fault=""):
        """`fault` as of ZOOWARDEN_FAULT."""
        most = self._most

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(_SOFT, most), most))

        with open(self.home / "log", "ab") as log:
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                [layout.program("zoowarden-agent"), "--config", self.home / "agent.yaml"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limit,
                env={**self._environment, "ZOOWARDEN_FAULT": fault})
        probes.wait_until(self.listens, 30, "the agent listens")

    def issue(self, *words):
        done = zoowarden(self.home, *words)
        assert done.returncode == 0, done

    def listens(self) -> bool:
        try:
            socket.create_connection((HOST, PORT), 1).close()
            return True
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(20)

    def answers(self) -> bool:
        """Whether a new connection of its controller is served."""
        return zoowarden(self.home, "audit", "show").returncode == 0

    def rows(self) -> list:
        shown = zoowarden(self.home, "audit", "show", "-o", "json")
        assert shown.returncode == 0, shown
        return json.loads(shown.stdout)["servers"][0]["rows"]

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self) -> int:
        """Bytes; the most of all from now on is counted anew."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")
        return self._status("VmRSS")

    def most_resident(self) -> int:
        return self._status("VmHWM")

    def _status(self, key) -> int:
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(text.split(f"{key}:")[1].split()[0]) * 1024

    def said(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")
