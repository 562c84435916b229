from __future__ import annotations

import errno

import pytest

from ostler.app.problems import cannot_listen


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EADDRINUSE, "Port 80 is in use already"),
        (errno.EACCES, "Port 80 may not be used without more rights"),
        (errno.EADDRNOTAVAIL, "Cannot listen on 10.9.9.9 port 80: not here"),
    ],
)
def test_a_port_that_cannot_be_had_is_explained(number, sentence):
    error = cannot_listen(OSError(number, "not here"), host="10.9.9.9", port=80, option="--http-port")

    assert sentence in str(error)
