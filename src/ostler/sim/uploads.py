"""Sending a station's small files: HTTP PUT (POST where that is refused) or FTP. Blocks: for a thread."""

from __future__ import annotations

import ftplib
import io
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

_TIMEOUT_S = 20.0


def upload(location: str, file_name: str, content: bytes) -> str | None:
    """Send a file to a folder's or a file's address; return None, or a sentence why it did not work."""
    parts = urlsplit(location)
    try:
        match parts.scheme:
            case "http" | "https":
                _by_http(location, file_name, content)
            case "ftp" | "ftps":
                _by_ftp(location, file_name, content)
            case _:
                return f"{parts.scheme or 'no protocol'} is not supported"
    except (OSError, ValueError, ftplib.Error) as error:
        return str(error)
    return None


def _by_http(location: str, file_name: str, content: bytes) -> None:
    url = location + file_name if location.endswith("/") else location
    try:
        _request("PUT", url, content)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code not in {404, 405, 501}:
            raise
        _request("POST", location, content)


def _request(method: str, url: str, content: bytes) -> None:
    # The scheme was looked at: only http and https come here.
    request = urllib.request.Request(  # noqa: S310
        url, data=content, method=method, headers={"Content-Type": "text/plain"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
        pass


def _by_ftp(location: str, file_name: str, content: bytes) -> None:
    parts = urlsplit(location)
    # Stations speak plain FTP; whoever gives such an address has chosen it.
    kind = ftplib.FTP_TLS if parts.scheme == "ftps" else ftplib.FTP
    with kind(timeout=_TIMEOUT_S) as ftp:
        ftp.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT)
        ftp.login(unquote(parts.username or ""), unquote(parts.password or ""))
        folder, _, name = unquote(parts.path).lstrip("/").rpartition("/")
        if folder:
            ftp.cwd(folder)
        ftp.storbinary(f"STOR {name or file_name}", io.BytesIO(content))
