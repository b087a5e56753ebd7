"""Releases that fail on purpose, made from real ones by changing their launcher only.

The jars, the class that runs and the command line are those of the real release, so that nothing
but the behaviour gives them away:
- never_joins: every outgoing connection goes to a proxy that is not there. The server listens,
  answers its administrator and looks for a leader, but can never connect to one.
- dies_after: serves like any other, and is killed after some seconds.
- starts_late: some seconds pass in the launcher before the process that serves is there.
- ends_at_once: the process that should serve ends without a word.
"""

import dataclasses

from .errors import LabError

_START = b'case $1 in\nstart)\n'
_STARTED = b'          echo STARTED\n'

_NEVER_JOINS = b'''if [[ "$1" == start* ]] && %(applies)s; then
  JVMFLAGS="$JVMFLAGS -DsocksProxyHost=127.0.0.1 -DsocksProxyPort=1 -DsocksNonProxyHosts="
fi

'''

# The reaper closes what it inherited: a lock that the launcher passed on must end with the JVM.
_DIES_AFTER = b'''          if %(applies)s; then
            setsid bash -c '
              for fd in /proc/$$/fd/*; do fd=${fd##*/}; [ "$fd" -gt 2 ] && eval "exec $fd>&-"; done
              born() { cut -d" " -f22 "/proc/$1/stat" 2> /dev/null; }
              mine=$(born "$1")
              for ((i = 0; i < $2; ++i)); do
                [ "$(born "$1")" = "$mine" ] || exit 0
                read -rt 1 <> <(:)
              done
              [ "$(born "$1")" = "$mine" ] && kill -9 "$1"
            ' zoowarden-lab-reaper "$pid" %(seconds)d "$ZOOCFG" > /dev/null 2>&1 < /dev/null &
          fi
'''

# A builtin waits, so that nothing is left over when the script is killed.
_STARTS_LATE = b'''if [[ "$1" == start* ]] && %(applies)s; then
  read -rt %(seconds)d <> <(:)
fi

'''

_ENDS_AT_ONCE = b'''if [[ "$1" == start* ]] && %(applies)s; then
  ZOOMAIN="-version $ZOOMAIN"
fi

'''

# Name → the text, what it is put next to, and whether it goes before that.
_CHANGES = {"never_joins": (_NEVER_JOINS, _START, True),
            "dies_after": (_DIES_AFTER, _STARTED, False),
            "starts_late": (_STARTS_LATE, _START, True),
            "ends_at_once": (_ENDS_AT_ONCE, _START, True)}
_TIMED = ("dies_after", "starts_late")
NAMES = tuple(_CHANGES)


@dataclasses.dataclass(frozen=True)
class Variant:
    """How a release fails; `only` names the server ids it fails on, none means all."""
    name: str
    only: tuple = ()
    after_seconds: int = 20

    def key(self) -> str:
        """Part of the file name in the cache."""
        parts = [self.name]
        if self.name in _TIMED:
            parts.append(f"{self.after_seconds}s")
        if self.only:
            parts.append("only-" + "-".join(str(number) for number in self.only))
        return "-".join(parts)

    def change(self, zk_server: bytes) -> bytes:
        """The text of the failing release's zkServer.sh."""
        text, anchor, before = _CHANGES[self.name]
        values = {b"applies": self._applies(), b"seconds": self.after_seconds}
        return _insert(zk_server, anchor, text % values, before)

    def _applies(self) -> bytes:
        if not self.only:
            return b"true"
        ids = " ".join(str(number) for number in self.only).encode("ascii")
        return b'[[ " ' + ids + b' " == *" $(cat "$ZOO_DATADIR/myid") "* ]]'


def make(name: str, only=(), after_seconds: int = 20) -> Variant:
    if name not in NAMES:
        raise LabError(f"no variant {name}; there are: {', '.join(NAMES)}")
    return Variant(name, tuple(sorted(set(int(number) for number in only))), after_seconds)


def _insert(text: bytes, anchor: bytes, addition: bytes, before: bool) -> bytes:
    if text.count(anchor) != 1:
        raise LabError("zkServer.sh of the zookeeper package is not the one the lab knows")
    return text.replace(anchor, addition + anchor if before else anchor + addition)
