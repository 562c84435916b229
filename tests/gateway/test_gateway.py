from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import SO_KEEPALIVE, SOL_SOCKET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from small_dialect import NOW, credentials
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ostler.domain.commands import ClearCache
from ostler.domain.events import StationChanged
from ostler.domain.words import Result
from ostler.services import boot, removal
from ostler.services.boot import Nameplate
from ostler.services.places import Spot

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
KEY = "00112233445566778899aabbccddeeff00112233"


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.crt", folder / "tls.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.fixture
async def tls_house(build, tmp_path):
    certificate, key = write_certificate(tmp_path, "first")
    return await build(tls_port=0, tls_certificate=certificate, tls_key=key)


async def shown_name(house) -> str:
    """Connect anew and return whose certificate the server shows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.gateway.ports.tls, ssl=blind())
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    del reader
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


def blind() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def over_tls(house, identity="CP1", context=None):
    return connect(
        f"wss://127.0.0.1:{house.gateway.ports.tls}/{identity}",
        subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": credentials(identity, KEY)},
        ssl=context or blind(),
        ping_interval=None,
    )


# --- TLS


async def test_a_station_of_profile_2_is_served_over_tls(tls_house):
    await tls_house.add(key=KEY, security_profile=2)
    async with over_tls(tls_house) as socket:
        await socket.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')

        assert '"Accepted"' in await socket.recv()


async def test_profile_3_has_no_way_in_yet(tls_house):
    await tls_house.add(key=KEY, security_profile=3)

    with pytest.raises(InvalidStatus) as caught:
        async with over_tls(tls_house):
            pass
    assert caught.value.response.status_code == 401


async def test_tls_below_1_2_is_refused(tls_house):
    context = blind()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises((ssl.SSLError, OSError)):
        await asyncio.open_connection("127.0.0.1", tls_house.gateway.ports.tls, ssl=context)


async def test_a_new_certificate_is_used_without_dropping_anybody(tls_house, tmp_path):
    await tls_house.add(key=KEY)
    async with over_tls(tls_house) as socket:
        assert await shown_name(tls_house) == "CN=first"
        write_certificate(tmp_path, "second")
        tls_house.gateway.reload_certificate()

        assert await shown_name(tls_house) == "CN=second"
        await socket.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
        assert '"Accepted"' in await socket.recv()


async def test_changed_files_are_noticed(tls_house, tmp_path):
    write_certificate(tmp_path, "second")

    assert tls_house.gateway._certificate.reload()
    assert not tls_house.gateway._certificate.reload()


async def test_a_certificate_that_cannot_be_used_changes_nothing(tls_house, tmp_path):
    (tmp_path / "tls.key").unlink()
    tls_house.gateway.reload_certificate()

    assert await shown_name(tls_house) == "CN=first"


async def test_reloading_without_tls_does_nothing(house):
    house.gateway.reload_certificate()


# --- stop


async def test_a_stop_answers_what_was_asked_and_says_goodbye(house, gate):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        id_ = await station.ask("StatusNotification", STATUS | {"info": "wait"})
        connection = house.gateway._seats.live["CP1"]
        await house.until(lambda: connection._unanswered == 1)
        stopping = group.create_task(house.gateway.stop())
        await house.until(lambda: house.gateway._entrance.closed)
        gate.set()

        assert (await station.frame())[:2] == [3, id_]
        assert (await station.closed())[0] == 1001
        await stopping
    record = await house.record()
    assert (record.close_code, record.close_reason) == (1001, "the server stops")


async def test_a_stop_does_not_wait_for_ever(build, gate):
    house = await build(drain_s=0.1)
    await house.add()
    async with house.station(booted=True) as station:
        await station.ask("StatusNotification", STATUS | {"info": "wait"})
        connection = house.gateway._seats.live["CP1"]
        await house.until(lambda: connection._unanswered == 1)
        await house.gateway.stop()
        gate.set()

        assert (await station.closed())[0] in {None, 1006}


async def test_a_stop_ends_orders(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        await station.frame()
        await house.gateway.stop()

        assert (await ordered).result is Result.OFFLINE


async def test_nobody_comes_in_while_the_server_stops(house):
    house.gateway._entrance.closed = True

    assert (await house.knock())[0] == 503


# --- records


async def test_a_station_that_is_removed_is_disconnected(house):
    await house.add()
    async with house.station(booted=True) as station:
        await house.store.write(removal.remove, "CP1", now=datetime.now(UTC))

        assert await station.closed() == (1008, "the station was removed")


async def test_what_another_process_wrote_is_taken_over(house):
    await house.add()
    async with house.station(booted=True) as station, house.station("NEW") as stranger:
        house.gateway._bus.unlisten(StationChanged, house.gateway._changed)
        await house.store.write(removal.remove, "CP1", now=datetime.now(UTC))
        await house.add("NEW")
        house.gateway._bus.listen(StationChanged, house.gateway._changed)
        house.gateway.refresh()

        assert (await station.closed())[1] == "the station was removed"
        assert (await stranger.answer({"status": "Accepted"}))[2] == "TriggerMessage"


async def test_a_station_that_was_removed_and_added_anew_must_come_again(house):
    await house.add("CP0")
    await house.add()
    async with house.station(booted=True) as station:
        house.gateway._bus.unlisten(StationChanged, house.gateway._changed)
        await house.store.write(removal.remove, "CP1", now=datetime.now(UTC))
        await house.add("CP2")
        await house.add()
        house.gateway._bus.listen(StationChanged, house.gateway._changed)
        house.gateway.refresh()

        assert (await station.closed())[1] == "the station was removed and added anew"


async def _named(house, vendor: str, model: str) -> None:
    """Keep what CP1 says in its boot; the small dialect of these tests does not."""
    plate = Nameplate(vendor, model)
    pk = (await house.record()).pk
    await house.store.write(lambda db: boot.register(db, Spot(pk, "CP1", NOW), plate))
    await house.settled()


async def test_a_model_that_never_answers_pings_is_not_pinged_once_it_is_known(house):
    await house.add()
    async with house.station(booted=True):
        socket = house.gateway._seats.live["CP1"].socket
        assert socket.ping_interval_s == 60

        await _named(house, "EN+ technologies", "AC7000")

        assert socket.ping_interval_s == 0


async def test_half_open_sockets_that_are_not_pinged_are_found_by_the_system(house):
    await house.add(ping_interval_s=0)
    async with house.station():
        system = house.gateway._seats.live["CP1"].socket._transport.get_extra_info("socket")

        assert system.getsockopt(SOL_SOCKET, SO_KEEPALIVE) == 1


async def test_a_person_may_have_a_model_pinged_all_the_same(house):
    await house.add(ping_interval_s=30)
    await _named(house, "EN+ technologies", "AC7000")
    async with house.station():
        assert house.gateway._seats.live["CP1"].socket.ping_interval_s == 30


async def test_after_a_crash_nobody_is_remembered_as_connected(build):
    house = await build(start=False)
    await house.add()

    def crash(db):
        stations_now = "UPDATE stations SET connected_at = 1000, last_seen_at = 2000"
        db._connection.execute(stations_now)

    await house.store.write(crash)
    await house.gateway.start()
    record = await house.record()
    assert (record.close_code, record.close_reason) == (1006, "the server stopped")
    assert record.disconnected_at == record.last_seen_at


async def test_when_a_station_was_last_heard_is_stored_now_and_then(house):
    await house.add()
    async with house.station(booted=True) as station:
        before = (await house.record()).last_seen_at
        await asyncio.sleep(0.005)
        await station.call("Heartbeat")
        house.gateway._seats.flush_seen()

        assert (await house.record()).last_seen_at > before


async def test_a_clock_that_is_set_back_does_not_keep_stations_from_being_seen(house):
    await house.add()
    async with house.station(booted=True) as station:
        house.gateway._seats._flushed_at = time.time() + 3600
        house.gateway._seats.flush_seen()
        before = (await house.record()).last_seen_at
        await asyncio.sleep(0.005)
        await station.call("Heartbeat")
        house.gateway._seats._flushed_at -= 1  # a minute lies between, not the millisecond of a test
        house.gateway._seats.flush_seen()

        assert (await house.record()).last_seen_at > before


async def test_only_so_many_connect(build):
    house = await build(max_connections=1)
    await house.add()
    async with house.station(booted=True):
        status, answer = await house.knock()

        assert status == 503
        assert b"Too many stations" in answer


async def test_a_port_that_is_taken_is_an_error(build, house):
    second = await build(start=False, port=house.port)

    with pytest.raises(OSError, match="in use"):
        await second.gateway.start()


async def test_a_fault_in_a_task_ends_only_that_task(house):
    async def fail() -> None:
        raise RuntimeError("a fault of ours")

    house.gateway._tasks.spawn(fail(), "a test")
    await house.settled()
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.call("Heartbeat")


async def test_after_the_stop_no_task_begins(house):
    await house.gateway.stop()
    house.gateway.refresh()

    assert house.gateway._tasks._group is None
