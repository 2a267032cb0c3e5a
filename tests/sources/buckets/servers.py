"""Servers that do not do what they should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Handler = Callable[[socket.socket], None]

SIZE = 100_000
_ABOUT = f'Content-Length: {SIZE}\r\nETag: "abc"\r\nLast-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\n'.encode()
_HEAD = b"HTTP/1.1 200 OK\r\n" + _ABOUT + b"\r\n"
_PART = b"HTTP/1.1 206 Partial Content\r\n" + _ABOUT + f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}\r\n\r\n".encode()


@contextmanager
def serving(handler: Handler) -> Iterator[str]:
    """A server on a free port that gives each connection to `handler`, in a thread; its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:

        def attend(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                handler(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=attend, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def closing(connection: socket.socket) -> None:
    """Accepts, and closes."""
    connection.close()


def silent(connection: socket.socket) -> None:
    """Accepts, and says nothing."""
    while connection.recv(65536):
        pass


def stopping_midway(connection: socket.socket) -> None:
    """Tells of a file, and breaks off in the middle of it."""
    while head := _request(connection):
        if head.startswith(b"HEAD"):
            connection.sendall(_HEAD)
        else:
            connection.sendall(_PART + b"x" * 1000)
            return


def stalling_midway(connection: socket.socket) -> None:
    """Tells of a file, begins with it, and says nothing more."""
    while head := _request(connection):
        connection.sendall(_HEAD if head.startswith(b"HEAD") else _PART + b"x" * 1000)


def answering(status: str, code: str, message: str = "…", headers: str = "", more: str = "") -> Handler:
    """Answers each request with this status and this S3 error."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'

    def answer(connection: socket.socket) -> None:
        while head := _request(connection):
            content = b"" if head.startswith(b"HEAD") else body.encode()
            lines = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(content)}\r\n{headers}"
            connection.sendall(lines.encode() + b"\r\n" + content)

    return answer


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head
