"""HTTP/2 by hand: connections that no decent client would make, and thousands of them in one process."""

import select
import socket
import ssl
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
ACK = END_STREAM = 1
END_HEADERS = 4
SETTINGS_INITIAL_WINDOW_SIZE = 4
PATIENCE_SECONDS = 10


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values: int) -> bytes:
    """Only `initial_window` is known here."""
    payload = b"".join(struct.pack(">HI", SETTINGS_INITIAL_WINDOW_SIZE, value)
                       for value in values.values())
    return frame(SETTINGS, 0, 0, payload)


def integer(value: int, prefix_bits: int) -> bytes:
    """HPACK's, RFC 7541 5.1; the bits before it are zero."""
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([value])
    encoded, value = bytearray([most]), value - most
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes(encoded + bytes([value]))


def header_block(headers: list[tuple[str, str]]) -> bytes:
    """Literals that nobody has to remember."""
    block = b""
    for text in (text for header in headers for text in (None, *header)):
        block += b"\0" if text is None else integer(len(text), 7) + text.encode()
    return block


def call_headers(stream: int, method: str, more: list[tuple[str, str]] = (), flags: int = END_HEADERS,
                 ) -> bytes:
    return frame(HEADERS, flags, stream, header_block([
        (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "service"),
        ("content-type", "application/grpc"), ("te", "trailers"), *more]))


def message(stream: int, content: bytes, flags: int = END_STREAM) -> bytes:
    return frame(DATA, flags, stream, struct.pack(">BI", 0, len(content)) + content)


class Connection:
    """A blocking connection to "host:port" that has said hello."""

    def __init__(self, address: str, hello: bytes = PREFACE + settings(), tls: bool = False):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), PATIENCE_SECONDS)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket)
        self.socket.sendall(hello)
        self._received = b""

    def wait_for_data(self, streams: int) -> None:
        """Until so many DATA frames have come."""
        while streams > 0:
            kind, flags, payload = self._next_frame()
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.socket.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            streams -= kind == DATA

    def _next_frame(self) -> tuple[int, int, bytes]:
        head = self._take(9)
        return head[3], head[4], self._take(int.from_bytes(head[:3], "big"))

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            received = self.socket.recv(65536)
            if not received:
                raise AssertionError("the server hung up")
            self._received += received
        taken, self._received = self._received[:size], self._received[size:]
        return taken


class Flood:
    """Sends the same bytes on many connections. Each that the server has hung up on, because of them or
    after their end, begins anew. What the server says is read only if `reads`; where it is not, each
    connection sends once."""

    def __init__(self, address: str, hello: bytes, flood: bytes, connections: int, reads: bool):
        self._address, self._hello, self._flood, self._reads = address, hello, flood, reads
        self._under_way = {}
        for _ in range(connections):
            self._begin()

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            peers = list(self._under_way)
            sending = [peer for peer in peers if self._under_way[peer] < len(self._flood)]
            readable, writable, _ = select.select(peers if self._reads else [], sending, [], 0.05)
            for peer in readable:
                self._read(peer)
            for peer in writable:
                if peer in self._under_way:
                    self._write(peer)

    def close(self) -> None:
        for peer in self._under_way:
            peer.close()

    def _begin(self) -> None:
        peer = Connection(self._address, self._hello).socket
        peer.setblocking(False)
        self._under_way[peer] = 0

    def _again(self, peer: socket.socket) -> None:
        del self._under_way[peer]
        peer.close()
        try:
            self._begin()
        except OSError:
            time.sleep(0.01)
            self._begin()

    def _read(self, peer: socket.socket) -> None:
        try:
            if not peer.recv(65536):
                self._again(peer)
        except BlockingIOError:
            pass
        except OSError:
            self._again(peer)

    def _write(self, peer: socket.socket) -> None:
        sent = self._under_way[peer]
        try:
            self._under_way[peer] += peer.send(self._flood[sent:sent + 16384])
            if self._under_way[peer] == len(self._flood) and self._reads:
                peer.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass
        except OSError:
            self._again(peer)
