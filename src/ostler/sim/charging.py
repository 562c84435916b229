"""Plugging in, starting, charging within limits and ending."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from ostler.ocpp import v16
from ostler.ocpp.v16 import IdTagInfo, ReadingContext, Reason
from ostler.sim import authorising, limits, reserving
from ostler.sim.machine import Phase, Signal
from ostler.sim.memory import OpenTransaction
from ostler.sim.meter import SMALLEST_CURRENT_A, Car, Reading, samples
from ostler.sim.station import Connector, Holder, Station

_REMEMBER = timedelta(seconds=10)
"""How often the meter's register is written down, as each time may mean a write to a disk."""
_USABLE = (Phase.AVAILABLE, Phase.PREPARING, Phase.FINISHING, Phase.RESERVED)


def plug(station: Station, connector: Connector, car: Car, now: datetime) -> None:
    """A car is plugged in; with a token already accepted the transaction begins."""
    connector.car = car
    connector.meter.plug(car, now)
    station.tell(now, connector.number, f"car plugged in ({car.phases} phases, up to {car.max_a:g} A)")
    station.signal(connector, Signal.PLUG, now)
    if connector.holder is not None:
        begin(station, connector, connector.holder.id_tag, connector.holder.parent, now)
    adjust(station, connector, now)


def unplug(station: Station, connector: Connector, now: datetime) -> None:
    """The cable is pulled; whether that ends the transaction is up to StopTransactionOnEVSideDisconnect."""
    station.tell(now, connector.number, "cable pulled")
    goes_on = not station.configuration.flag("StopTransactionOnEVSideDisconnect")
    if station.transaction(connector.number) is not None and goes_on:
        connector.meter.unplug(now)
        connector.car = None
        adjust(station, connector, now)
        return
    connector.meter.unplug(now)
    connector.car = None
    connector.holder = None
    end(station, connector, Reason.EV_DISCONNECTED, now, cable_in=False)
    station.signal(connector, Signal.UNPLUG, now)


def pause(station: Station, connector: Connector, now: datetime, *, paused: bool) -> None:
    """The car stops drawing, or wants to go on."""
    connector.meter.pause(now, paused=paused)
    adjust(station, connector, now)


def present_card(station: Station, connector: Connector, id_tag: str, now: datetime) -> None:
    """A token is held to the reader: it starts a transaction, or ends the one it may end (OCPP 1.6 §3.9)."""
    station.tell(now, connector.number, f"card {id_tag} presented")
    transaction = station.transaction(connector.number)
    if transaction is not None and transaction.id_tag.casefold() == id_tag.casefold():
        end(station, connector, Reason.LOCAL, now, id_tag=id_tag)
        return

    def judged(info: IdTagInfo, at: datetime) -> None:
        _card_judged(station, connector, id_tag, info, at)

    authorising.authorise(station, id_tag, now, judged)


def _card_judged(station: Station, connector: Connector, id_tag: str, info: IdTagInfo, now: datetime) -> None:
    if not authorising.is_accepted(info):
        station.tell(now, connector.number, f"card {id_tag} refused: {info.status.value}")
        return
    transaction = station.transaction(connector.number)
    if transaction is not None:
        if transaction.parent is not None and transaction.parent == info.parent_id_tag:
            end(station, connector, Reason.LOCAL, now, id_tag=id_tag)
        else:
            station.tell(now, connector.number, f"card {id_tag} may not end another's transaction")
        return
    accept(station, connector, id_tag, info.parent_id_tag, now)


def accept(station: Station, connector: Connector, id_tag: str, parent: str | None, now: datetime) -> bool:
    """Let the token's owner use the connector: at once with a cable in, else as soon as one is plugged."""
    if connector.phase not in _USABLE or not reserving.open_to(station, connector, id_tag, parent):
        station.tell(now, connector.number, f"cannot be used by {id_tag}: {connector.phase.value}")
        return False
    if connector.car is not None:
        station.signal(connector, Signal.CARD, now)
        begin(station, connector, id_tag, parent, now)
        return True
    wait_s = station.configuration.number("ConnectionTimeOut", 60)
    connector.holder = Holder(id_tag=id_tag, parent=parent, until=now + timedelta(seconds=wait_s))
    station.signal(connector, Signal.CARD, now)
    return True


def begin(station: Station, connector: Connector, id_tag: str, parent: str | None, now: datetime) -> None:
    """Start a transaction; the cable is in and the token was accepted."""
    connector.holder = None
    reading = connector.meter.read(now)
    _remember(station, connector, now)
    wanted = station.configuration.words("StopTxnSampledData")
    transaction = OpenTransaction(
        name=secrets.token_hex(6),
        connector=connector.number,
        id_tag=id_tag,
        parent=parent,
        started_at=now,
        meter_start_wh=int(reading.register_wh),
        begin=samples(reading, wanted, ReadingContext.TRANSACTION_BEGIN) if wanted else None,
    )
    station.memory.transactions[connector.number] = transaction
    reservation = reserving.consume(station, connector, id_tag, parent)
    station.outbox.keep(
        v16.StartTransactionRequest(
            connector_id=connector.number,
            id_tag=id_tag,
            meter_start=transaction.meter_start_wh,
            reservation_id=reservation,
            timestamp=now,
        ),
        transaction=transaction.name,
    )
    connector.sample_at = _next_sample(station, now)
    station.tell(now, connector.number, f"transaction of {id_tag} starts at {transaction.meter_start_wh} Wh")
    adjust(station, connector, now)


def started(station: Station, name: str, response: v16.StartTransactionResponse, now: datetime) -> None:
    """The central system answered a start, maybe long after (OCPP 1.6 §4.8)."""
    transaction = next((each for each in station.memory.transactions.values() if each.name == name), None)
    if transaction is None:
        return
    info = response.id_tag_info
    authorising.learn(station, transaction.id_tag, info)
    transaction.parent = info.parent_id_tag or transaction.parent
    connector = station.connectors[transaction.connector]
    if authorising.is_accepted(info):
        return
    station.tell(now, connector.number, f"token {transaction.id_tag} not accepted: {info.status.value}")
    if station.configuration.flag("StopTransactionOnInvalidId"):
        end(station, connector, Reason.DE_AUTHORIZED, now)
    else:
        most_wh = station.configuration.number("MaxEnergyOnInvalidId")
        transaction.most_wh = transaction.meter_start_wh + most_wh
        adjust(station, connector, now)


def end(
    station: Station,
    connector: Connector,
    reason: Reason,
    now: datetime,
    *,
    id_tag: str | None = None,
    cable_in: bool = True,
) -> None:
    """End the connector's transaction, if one runs; the cable stays locked until it is pulled."""
    transaction = station.memory.transactions.pop(connector.number, None)
    if transaction is None:
        return
    reading = connector.meter.read(now)
    _remember(station, connector, now)
    stop_wh = int(reading.register_wh)
    station.outbox.keep(
        v16.StopTransactionRequest(
            id_tag=id_tag,
            meter_stop=stop_wh,
            timestamp=now,
            transaction_id=0,  # put in by the queue when it is sent
            reason=None if reason is Reason.LOCAL else reason,
            transaction_data=_begin_and_end(station, transaction, reading),
        ),
        transaction=transaction.name,
    )
    forget_session_profiles(station, connector.number)
    connector.meter.offer(0, now)
    connector.sample_at = None
    energy_wh = stop_wh - transaction.meter_start_wh
    station.tell(now, connector.number, f"transaction ends ({reason.value}): {energy_wh} Wh")
    if cable_in and connector.car is None:
        station.signal(connector, Signal.UNPLUG, now)
    elif cable_in:
        station.signal(connector, Signal.STOP, now)
    if connector.disable_later:
        connector.disable_later = False
        station.signal(connector, Signal.DISABLE, now)


def adjust(station: Station, connector: Connector, now: datetime) -> None:
    """Offer what the profiles allow now, and let the status follow."""
    transaction = station.transaction(connector.number)
    if transaction is None or connector.phase is Phase.FAULTED:
        connector.meter.offer(0, now)
        return
    offered_a = limits.allowed_a(station, connector, now)
    reading = connector.meter.read(now)
    spent = transaction.most_wh is not None and reading.register_wh >= transaction.most_wh
    if offered_a < SMALLEST_CURRENT_A or spent:
        offered_a = 0.0
    if offered_a != reading.offered_a:
        station.tell(now, connector.number, f"offers {offered_a:.1f} A")
    connector.meter.offer(offered_a, now)
    if offered_a == 0:
        station.signal(connector, Signal.EVSE_PAUSE, now)
    elif connector.meter.read(now).power_w == 0:
        station.signal(connector, Signal.EV_PAUSE, now)
    else:
        station.signal(connector, Signal.FLOW, now)


def tick(station: Station, now: datetime) -> None:
    """Let time do its work on every connector."""
    for connector in station.connectors.values():
        connector.meter.advance(now)
        if connector.remembered_at is None or now - connector.remembered_at >= _REMEMBER:
            _remember(station, connector, now)
        holder = connector.holder
        if holder is not None and now >= holder.until:
            connector.holder = None
            station.tell(now, connector.number, f"nobody plugged in for {holder.id_tag}")
            station.signal(connector, Signal.GIVE_UP, now)
            reserving.restore(station, now)
        if station.transaction(connector.number) is not None:
            adjust(station, connector, now)
            _sample(station, connector, now)
        station.report(connector, now)
    _sample_aligned(station, now)


def meter_values(
    station: Station, number: int, names: list[str], context: ReadingContext, at: datetime
) -> v16.MeterValuesRequest:
    """Return what the meter shows; its transaction's id is put in by the queue."""
    connector = station.connectors[number]
    reading = connector.meter.read(at)
    _remember(station, connector, at)
    return v16.MeterValuesRequest(connector_id=number, meter_value=[samples(reading, names, context)])


def forget_session_profiles(station: Station, number: int) -> None:
    """OCPP 1.6 §3.13.1: a transaction's own profiles end with it."""
    station.memory.profiles[:] = [
        each
        for each in station.memory.profiles
        if each.connector != number
        or each.profile.charging_profile_purpose is not v16.ChargingProfilePurposeType.TX_PROFILE
    ]


def _begin_and_end(
    station: Station, transaction: OpenTransaction, reading: Reading
) -> list[v16.MeterValue] | None:
    """What StopTxnSampledData asks for: the readings at both ends (OCPP 1.6 errata 3.14)."""
    wanted = station.configuration.words("StopTxnSampledData")
    data = [transaction.begin] if transaction.begin else []
    if wanted:
        data.append(samples(reading, wanted, ReadingContext.TRANSACTION_END))
    return data or None


def _remember(station: Station, connector: Connector, now: datetime) -> None:
    """Keep the register over a power cut: what was told is never more than what is remembered."""
    station.memory.registers_wh[connector.number] = connector.meter.register_wh
    connector.remembered_at = now


def _next_sample(station: Station, now: datetime) -> datetime | None:
    interval_s = station.configuration.number("MeterValueSampleInterval")
    return now + timedelta(seconds=interval_s) if interval_s else None


def _sample(station: Station, connector: Connector, now: datetime) -> None:
    transaction = station.transaction(connector.number)
    if transaction is None or connector.sample_at is None or now < connector.sample_at:
        return
    names = station.configuration.words("MeterValuesSampledData")
    request = meter_values(station, connector.number, names, ReadingContext.SAMPLE_PERIODIC, now)
    station.outbox.keep(request, transaction=transaction.name)
    connector.sample_at = _next_sample(station, now)
    reading = connector.meter.read(now)
    energy_wh = reading.register_wh - transaction.meter_start_wh
    station.tell(now, connector.number, f"{reading.power_w / 1000:.2f} kW, {energy_wh / 1000:.3f} kWh so far")


def _sample_aligned(station: Station, now: datetime) -> None:
    """Samples at whole intervals from midnight, with the interval's start as their time (OCPP 1.6 §9.1.5)."""
    interval_s = station.configuration.number("ClockAlignedDataInterval")
    if not interval_s:
        station.aligned_at = None
        return
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + timedelta(seconds=int((now - midnight).total_seconds()) // interval_s * interval_s)
    if station.aligned_at is not None and at > station.aligned_at:
        names = station.configuration.words("MeterValuesAlignedData")
        for number in station.connectors:
            transaction = station.transaction(number)
            request = meter_values(station, number, names, ReadingContext.SAMPLE_CLOCK, now)
            value = request.meter_value[0]
            aligned = v16.MeterValue(timestamp=at, sampled_value=value.sampled_value)
            station.outbox.keep(
                v16.MeterValuesRequest(connector_id=number, meter_value=[aligned]),
                transaction=transaction.name if transaction else None,
            )
    station.aligned_at = at
