"""A network of its own, in which agents cannot be reached while they are cut off."""

from zoowarden_lab import host_network, layout
from zoowarden_lab.run import run


class Partition:
    """What is started `inside` it is in it. Members reach each other whatever is cut."""

    def __init__(self, directory):
        self._network = host_network.Network(directory)
        self._network.create_hub()
        # Behind those for agents, of which there are none yet: the first rule is asked first.
        self._rule("add", "pref", "100", "lookup", "local")
        self._rule("del", "pref", "0")
        self._cut = []

    def inside(self):
        return self._network.inside()

    def cut(self, *servers) -> None:
        """Nobody reaches the agents of these servers, nor hears from them; without any, of all."""
        for host in [server.host for server in servers] or ["0.0.0.0/0"]:
            for direction in (["to", host, "ipproto", "tcp", "dport"],
                              ["from", host, "ipproto", "tcp", "sport"]):
                rule = ["pref", "10", *direction, str(layout.AGENT_PORT), "blackhole"]
                self._rule("add", *rule)
                self._cut.append(rule)

    def heal(self) -> None:
        """Everybody reaches everybody again."""
        while self._cut:
            self._rule("del", *self._cut.pop())

    def remove(self) -> None:
        self._network.remove()

    def _rule(self, *words) -> None:
        run(["ip", "-n", self._network.hub, "rule", *words])
