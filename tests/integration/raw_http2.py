"""A client of HTTP/2 by hand, for what a client of gRPC would not send."""

import ssl

_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_OF_STREAM, _END_OF_HEADERS, _ACKNOWLEDGED = 1, 4, 1
_INITIAL_WINDOW = 4  # of the settings
_MOST_OF_A_FRAME = 16384

OPENING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])


def _frame(kind, flags, stream, content) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def _header(name, value) -> bytes:
    """HPACK: a literal, never indexed, without Huffman's code."""
    return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Call:
    """One call of gRPC on a connection of its own, which keeps to the other side's windows.

    `outcome` is "answered", with a message; "ended", without one; or "open".
    """

    def __init__(self, secured, method):
        self.outcome = "open"
        self._socket = secured
        self._received = b""
        self._has_message = False
        self._initial = 65535
        self._windows = {0: 65535, 1: 65535}
        headers = b"".join(_header(*pair) for pair in (
            (":method", "POST"), (":scheme", "https"), (":path", method), (":authority", "agent"),
            ("content-type", "application/grpc"), ("te", "trailers")))
        self._send(OPENING + _frame(_HEADERS, _END_OF_HEADERS, 1, headers))

    def send(self, message, announced=None, patience=5) -> int:
        """How many bytes of the message were let through. `announced` is the length it speaks of;
        with one, the call is not ended behind the message.
        """
        length = len(message) if announced is None else announced
        body = b"\0" + length.to_bytes(4, "big") + message
        sent = 0
        while sent < len(body) and self.outcome == "open":
            room = min(_MOST_OF_A_FRAME, len(body) - sent, *self._windows.values())
            if room <= 0:
                if not self._read(patience):
                    break
                continue
            last = announced is None and sent + room == len(body)
            self._send(_frame(_DATA, _END_OF_STREAM if last else 0, 1, body[sent:sent + room]))
            sent += room
            self._windows = {stream: left - room for stream, left in self._windows.items()}
        return sent

    def wait(self, patience=5) -> str:
        while self.outcome == "open" and self._read(patience):
            pass
        return self.outcome

    def _send(self, content):
        try:
            self._socket.sendall(content)
        except (ssl.SSLError, ConnectionError):
            self._end()

    def _end(self):
        self.outcome = "answered" if self._has_message else "ended"

    def _read(self, patience) -> bool:
        """Whether something came."""
        self._socket.settimeout(patience)
        try:
            piece = self._socket.recv(65536)
        except TimeoutError:
            return False
        except (ssl.SSLError, ConnectionError):
            piece = b""
        if not piece:
            self._end()
        self._received += piece
        while len(self._received) >= 9:
            length = int.from_bytes(self._received[:3], "big")
            if len(self._received) < 9 + length:
                break
            head, content = self._received[:9], self._received[9:9 + length]
            self._received = self._received[9 + length:]
            self._take(head[3], head[4], int.from_bytes(head[5:], "big"), content)
        return True

    def _take(self, kind, flags, stream, content):
        if kind == _DATA:
            self._has_message = True
        if kind in (_RESET, _GO_AWAY) or (kind in (_DATA, _HEADERS) and flags & _END_OF_STREAM):
            self._end()
        elif kind == _SETTINGS and not flags & _ACKNOWLEDGED:
            for at in range(0, len(content), 6):
                if int.from_bytes(content[at:at + 2], "big") == _INITIAL_WINDOW:
                    value = int.from_bytes(content[at + 2:at + 6], "big")
                    self._windows[1] += value - self._initial
                    self._initial = value
            # Only what is acknowledged holds on the other side.
            self._send(_frame(_SETTINGS, _ACKNOWLEDGED, 0, b""))
        elif kind == _PING and not flags & _ACKNOWLEDGED:
            self._send(_frame(_PING, _ACKNOWLEDGED, 0, content))
        elif kind == _WINDOW and stream in self._windows:
            self._windows[stream] += int.from_bytes(content, "big")
