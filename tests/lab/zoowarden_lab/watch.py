"""An eye-witness of a roll: which servers were restarted, in which order, and who led when.

It looks at processes and at the members' own answers, not at what the controller tells.
"""

import dataclasses
import pathlib
import threading
import time

from . import agents, probes
from .layout import Lab


_INTERVAL = 0.02
_LOOKS_PER_QUESTION = 5


@dataclasses.dataclass(frozen=True)
class Replacement:
    """A server's process went away or was replaced."""
    server: int
    at: float           # time.monotonic()
    was_leader: bool    # at the last look before


def elections(lab: Lab) -> int:
    """The highest epoch that any member has entered; each election adds one."""
    highest = 0
    for server in lab.servers:
        path = pathlib.Path(server.data, "version-2", "currentEpoch")
        try:
            highest = max(highest, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return highest


class Watch:
    """Looks at the processes every 20 ms, and asks who leads every 100, until `stop`."""

    def __init__(self, lab: Lab):
        self._lab = lab
        self._stop = threading.Event()
        self._seen = {server.id: agents.find_zookeeper(server) for server in lab.servers}
        self._leader = probes.leader(lab)
        self._epoch = elections(lab)
        self._replaced = []
        self._down = 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        looks = 0
        while not self._stop.wait(_INTERVAL):
            gone = [server for server in self._lab.servers if not self._alive(server.id)]
            self._down = max(self._down, len(gone))
            for server in gone:
                if self._seen[server.id] is not None:
                    self._replaced.append(Replacement(server.id, time.monotonic(),
                                                      server.id == self._leader))
                self._seen[server.id] = agents.find_zookeeper(server)
            if looks % _LOOKS_PER_QUESTION == 0:
                self._leader = probes.leader(self._lab) or self._leader
            looks += 1

    def _alive(self, number: int) -> bool:
        known = self._seen[number]
        return known is not None and known.alive()

    def stop(self) -> "Watch":
        self._stop.set()
        self._thread.join()
        return self

    @property
    def replacements(self) -> list:
        return list(self._replaced)

    @property
    def order(self) -> list:
        """Ids in the order of their first restart."""
        return list(dict.fromkeys(one.server for one in self._replaced))

    @property
    def restarts(self) -> list:
        """Ids of every restart, repeats included."""
        return [one.server for one in self._replaced]

    @property
    def leader_last(self) -> bool:
        """Whether nobody was restarted for the first time after a serving leader was."""
        first = {}
        for one in self._replaced:
            first.setdefault(one.server, one.was_leader)
        return True not in list(first.values())[:-1]

    @property
    def most_down(self) -> int:
        """How many servers had lost their process and had no new one at one look."""
        return self._down

    @property
    def elections(self) -> int:
        """How often a leader was elected since construction."""
        return elections(self._lab) - self._epoch
