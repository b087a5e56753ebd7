"""A ZooKeeper client of a few lines, for what tests and measurements do to the data itself.

One session on one member, requests one after the other or many at a time. Big-endian frames, as
ZooKeeper's protocol has them.
"""

import socket
import struct

from .errors import LabError

CREATE, DELETE, SET_DATA, SET_ACL, SYNC, MULTI, CREATE_CONTAINER, CREATE_TTL, CLOSE = (
    1, 2, 5, 7, 9, 14, 19, 21, -11)
EPHEMERAL, CONTAINER, PERSISTENT_WITH_TTL = 1, 4, 5
READ_ONLY_FOR_ALL = ((1, "world", "anyone"),)
OPEN = ((31, "world", "anyone"),)
NOBODY = ((31, "ip", "203.0.113.1"),)


def _buffer(value) -> bytes:
    if value is None:
        return struct.pack(">i", -1)
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">i", len(raw)) + raw


def _acl(entries) -> bytes:
    return struct.pack(">i", len(entries)) + b"".join(
        struct.pack(">i", rights) + _buffer(scheme) + _buffer(who) for rights, scheme, who in entries)


def create_request(path: str, data=b"", acl=OPEN, flags: int = 0) -> bytes:
    return _buffer(path) + _buffer(data) + _acl(acl) + struct.pack(">i", flags)


class Client:
    """As a context manager; the session is closed at its end."""

    def __init__(self, host: str, port: int, seconds: float = 30):
        self._socket = socket.create_connection((host, port), seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        self._xid = 0
        self._send(struct.pack(">iqiq", 0, 0, 30_000, 0) + _buffer(bytes(16)) + b"\0")
        if len(self._frame()) < 37:
            raise LabError(f"{host}:{port} made no session")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        try:
            self.call(CLOSE, b"")
        except (OSError, LabError):
            pass
        self._socket.close()

    def _send(self, body: bytes) -> None:
        self._socket.sendall(struct.pack(">i", len(body)) + body)

    def _frame(self) -> bytes:
        size = struct.unpack(">i", self._exactly(4))[0]
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        taken = self._stream.read(size)
        if len(taken) < size:
            raise LabError("the member closed the connection")
        return taken

    def calls(self, requests) -> list:
        """Sends all (type, body) before it reads the first reply; the error codes, in order."""
        sent = bytearray()
        for kind, body in requests:
            self._xid += 1
            frame = struct.pack(">ii", self._xid, kind) + body
            sent += struct.pack(">i", len(frame)) + frame
        self._socket.sendall(sent)
        return [struct.unpack(">iqi", self._frame()[:16])[2] for _ in requests]

    def call(self, kind: int, body: bytes) -> None:
        code = self.calls([(kind, body)])[0]
        if code != 0:
            raise LabError(f"request {kind} was answered with error {code}")

    def create(self, path: str, data=b"", acl=OPEN, flags: int = 0) -> None:
        kind = CREATE_CONTAINER if flags == CONTAINER else CREATE
        self.call(kind, create_request(path, data, acl, flags))

    def create_ttl(self, path: str, milliseconds: int) -> None:
        """Where zookeeper.extendedTypesEnabled is set."""
        self.call(CREATE_TTL, create_request(path, b"", OPEN, PERSISTENT_WITH_TTL) +
                  struct.pack(">q", milliseconds))

    def delete(self, path: str) -> None:
        self.call(DELETE, _buffer(path) + struct.pack(">i", -1))

    def set(self, path: str, data: bytes) -> None:
        self.call(SET_DATA, _buffer(path) + _buffer(data) + struct.pack(">i", -1))

    def set_acl(self, path: str, acl) -> None:
        self.call(SET_ACL, _buffer(path) + _acl(acl) + struct.pack(">i", -1))

    def create_many(self, paths, data=b"") -> None:
        """In one transaction."""
        parts = [struct.pack(">ibi", CREATE, 0, -1) + create_request(path, data) for path in paths]
        self.call(MULTI, b"".join(parts) + struct.pack(">ibi", -1, 1, -1))
