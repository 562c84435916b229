from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ostler.sim.uploads import upload


class Inbox(ThreadingHTTPServer):
    """A web server that keeps what it is given, for the methods that it knows."""

    def __init__(self, methods: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.methods = methods
        self.got: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/in/"


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        known = isinstance(self.server, Inbox) and self.command in self.server.methods
        if known:
            self.server.got.append((self.command, self.path, content))
        self.send_response(201 if known else 405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def inbox(request) -> Iterator[Inbox]:
    server = Inbox(getattr(request, "param", ("PUT", "POST")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_put_into_the_folder(inbox):
    assert upload(inbox.url, "a.txt", b"hello") is None
    assert inbox.got == [("PUT", "/in/a.txt", b"hello")]


def test_a_file_is_put_to_the_address_that_names_it(inbox):
    assert upload(f"{inbox.url}named", "a.txt", b"hello") is None
    assert inbox.got == [("PUT", "/in/named", b"hello")]


@pytest.mark.parametrize("inbox", [("POST",)], indirect=True)
def test_where_put_is_unknown_the_file_is_posted(inbox):
    assert upload(inbox.url, "a.txt", b"hello") is None
    assert inbox.got == [("POST", "/in/", b"hello")]


@pytest.mark.parametrize("inbox", [()], indirect=True)
def test_a_server_that_takes_nothing_is_named(inbox):
    assert "405" in (upload(inbox.url, "a.txt", b"hello") or "")


def test_an_unknown_protocol_is_named():
    assert upload("gopher://host/", "a.txt", b"") == "gopher is not supported"
    assert upload("", "a.txt", b"") == "no protocol is not supported"


def ftp_server(listener: socket.socket, got: dict[str, bytes | list[str]]) -> None:
    """As much of FTP (RFC 959) as one upload needs."""
    control, _ = listener.accept()
    data = socket.create_server(("127.0.0.1", 0))
    with control, data, control.makefile("rw", newline="\r\n") as lines:
        print("220 ready", file=lines, flush=True)
        port = data.getsockname()[1]
        answers = {
            "USER": "331 password",
            "PASS": "230 in",
            "CWD": "250 there",
            "TYPE": "200 binary",
            "PASV": f"227 (127,0,0,1,{port // 256},{port % 256})",
            "EPSV": f"229 (|||{port}|)",
            "QUIT": "221 bye",
        }
        commands: list[str] = []
        got["commands"] = commands
        for line in lines:
            commands.append(line.strip())
            word = line.split()[0]
            if word == "STOR":
                print("150 go on", file=lines, flush=True)
                with data.accept()[0] as incoming, incoming.makefile("rb") as file:
                    got["content"] = file.read()
                print("226 done", file=lines, flush=True)
            else:
                print(answers[word], file=lines, flush=True)
            if word == "QUIT":
                return


def test_a_file_goes_by_ftp_into_its_folder():
    got: dict[str, bytes | list[str]] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=ftp_server, args=(listener, got))
        thread.start()

        failure = upload(
            f"ftp://me:pass%20word@127.0.0.1:{listener.getsockname()[1]}/in/box/", "a.txt", b"hi"
        )
        thread.join()

    assert failure is None
    assert got["content"] == b"hi"
    commands = got["commands"]
    assert {"USER me", "PASS pass word", "CWD in/box", "STOR a.txt"} <= set(commands)


def test_an_ftp_server_that_is_not_there_is_an_ordinary_failure():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert upload(f"ftp://127.0.0.1:{port}/", "a.txt", b"") is not None
