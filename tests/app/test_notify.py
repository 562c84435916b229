from __future__ import annotations

import socket

from ostler.app.notify import notify, watchdog_interval_s


def test_an_abstract_socket_is_reached():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind("")  # the system chooses an abstract name
        notify("READY=1", {"NOTIFY_SOCKET": "@" + told.getsockname()[1:].decode()})

        assert told.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_told():
    notify("READY=1", {})


def test_the_watchdog_is_fed_twice_as_often_as_it_asks():
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000"}) == 15
    assert watchdog_interval_s({}) is None
