"""Every table. `main` lives in ostler.db, `log` in log.db; after a change run `make migration`.

Times are `Utc`, energies Wh, powers W, currents A. `pk` is ours and small, because big tables repeat it; `id`
is what people and stations know.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from ostler.store.types import Json, Utc

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
main = MetaData(naming_convention=NAMING)
log = MetaData(naming_convention=NAMING)


def _station() -> Column[int]:
    return Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), nullable=False)


stations = Table(
    "stations",
    main,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),  # the OCPP identity
    Column("name", Text, nullable=False, server_default=""),
    Column("site", Text, nullable=False, server_default=""),
    Column("vendor", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("serial", Text, nullable=False, server_default=""),
    Column("firmware", Text, nullable=False, server_default=""),
    Column("boot_info", Json),  # the rest of BootNotification: iccid, imsi, meter type and serial, ...
    Column("ocpp_version", Text, nullable=False, server_default=""),
    Column("security_profile", Integer, nullable=False, server_default="0"),
    Column("key_salt", LargeBinary),
    Column("key_hash", LargeBinary),
    # the station has used its key: required from then on
    Column("key_shown", Boolean, nullable=False, server_default="0"),
    # none, all, groups (see station_groups)
    Column("authorization", Text, nullable=False, server_default="none"),
    Column("boot", Text, nullable=False, server_default="accepted"),
    Column("strict", Boolean, nullable=False, server_default="0"),
    Column("ping_interval_s", Integer),  # null: the server's default; 0: never
    Column("close_frame", Boolean, nullable=False, server_default="1"),
    Column("heartbeat_interval_s", Integer),
    # last BootNotification answer: Accepted, Pending, Rejected; null: never booted
    Column("registration", Text),
    Column("created_at", Utc, nullable=False),
    # a removed station keeps its row, because transactions, meter values and notices name it
    Column("removed_at", Utc),
    Column("booted_at", Utc),
    Column("connected_at", Utc),
    Column("disconnected_at", Utc),
    Column("last_seen_at", Utc),
    Column("address", Text, nullable=False, server_default=""),
    Column("close_code", Integer),
    Column("close_reason", Text, nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("local_list_version", Integer),
)

waiting_room = Table(
    "waiting_room",
    main,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False, server_default="waiting"),  # waiting, ignored, blocked
    Column("address", Text, nullable=False),
    Column("subprotocols", Text, nullable=False, server_default=""),
    Column("first_seen_at", Utc, nullable=False),
    Column("last_seen_at", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("vendor", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("serial", Text, nullable=False, server_default=""),
    Column("firmware", Text, nullable=False, server_default=""),
    Column("key_salt", LargeBinary),  # of the key that it presented, adopted when a person accepts it
    Column("key_hash", LargeBinary),
)

settings = Table(  # the few switches that every process must see, such as the joining window
    "settings",
    main,
    Column("name", Text, primary_key=True),
    Column("value", Json),
)

groups = Table(
    "groups",
    main,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False, server_default=""),
    Column("created_at", Utc, nullable=False),
)

station_groups = Table(
    "station_groups",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("grp", Integer, ForeignKey("groups.pk", ondelete="CASCADE"), primary_key=True),
)

tokens = Table(
    "tokens",
    main,
    Column("pk", Integer, primary_key=True),
    # the id token in lower case: tokens are CiStrings (OCPP 1.6 §7.28)
    Column("key", Text, nullable=False, unique=True),
    Column("id_token", Text, nullable=False),
    Column("type", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, server_default="Accepted"),
    Column("expires_at", Utc),
    Column("parallel", Boolean, nullable=False, server_default="0"),
    Column("parent", Text, nullable=False, server_default=""),
    Column("created_at", Utc, nullable=False),
    Column("last_used_at", Utc),
)

token_groups = Table(
    "token_groups",
    main,
    Column("token", Integer, ForeignKey("tokens.pk", ondelete="CASCADE"), primary_key=True),
    Column("grp", Integer, ForeignKey("groups.pk", ondelete="CASCADE"), primary_key=True, index=True),
)

connectors = Table(
    "connectors",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("evse", Integer, primary_key=True),  # 0: the whole station
    Column("connector", Integer, primary_key=True),
    Column("status", Text, nullable=False, server_default="Available"),
    Column("status_original", Text, nullable=False, server_default=""),
    Column("error_code", Text, nullable=False, server_default="NoError"),
    Column("info", Text, nullable=False, server_default=""),
    Column("vendor_id", Text, nullable=False, server_default=""),
    Column("vendor_error_code", Text, nullable=False, server_default=""),
    Column("status_at", Utc),  # as the station says
    Column("changed_at", Utc),  # when we learnt it
    Column("in_service", Boolean, nullable=False, server_default="1"),  # as last ordered
    Column("transaction", Integer),  # pk of the running one
    Column("power_w", Float),
    Column("register_wh", Float),  # the meter's last absolute reading
    # never falls, whatever the register does
    Column("lifetime_wh", Float, nullable=False, server_default="0"),
    Column("session_wh", Float),
    Column("measures", Json),  # latest value per measurand and phase: {"Voltage.L1": [231.0, ms], ...}
    Column("measured_at", Utc),
)

transactions = Table(
    "transactions",
    main,
    Column("pk", Integer, primary_key=True),
    _station(),
    Column("ocpp_id", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("id_token", Text, nullable=False, server_default=""),  # as the station wrote it
    Column("token_key", Text, nullable=False, server_default=""),  # in lower case: tokens are CiStrings
    Column("parent", Text, nullable=False, server_default=""),
    Column("verdict", Text, nullable=False, server_default=""),
    Column("started_at", Utc, nullable=False),  # best knowledge; what the station said is in start_said_at
    Column("start_said_at", Utc),
    Column("ended_at", Utc),
    Column("stop_said_at", Utc),
    Column("meter_start_wh", Float),
    Column("meter_stop_wh", Float),
    Column("energy_wh", Float),
    Column("sampled_wh", Float),  # energy so far from samples alone
    Column("last_register_wh", Float),
    Column("last_sample_at", Utc),
    Column("stop_reason", Text, nullable=False, server_default=""),
    Column("stop_token", Text, nullable=False, server_default=""),
    Column("reservation", Integer),
    Column("marks", Json),
    Column("start_key", Text, nullable=False),  # what makes a repeated start the same start
    Column("stop_key", Text, nullable=False, server_default=""),
    Column("received_at", Utc, nullable=False),
    UniqueConstraint("station", "ocpp_id"),
    Index("ix_transactions_start_key", "station", "start_key"),
    Index("ix_transactions_stop_key", "station", "stop_key"),
    Index("ix_transactions_place", "station", "evse", "started_at"),
    Index("ix_transactions_started_at", "started_at"),
    Index("ix_transactions_id_token", "id_token"),
    sqlite_autoincrement=True,
)
Index(
    "ix_transactions_open",
    transactions.c.station,
    transactions.c.evse,
    transactions.c.connector,
    sqlite_where=transactions.c.ended_at.is_(None),
    postgresql_where=transactions.c.ended_at.is_(None),
)

Index(
    "ix_transactions_open_token",
    transactions.c.token_key,
    sqlite_where=transactions.c.ended_at.is_(None),
    postgresql_where=transactions.c.ended_at.is_(None),
)

transaction_numbers = Table(  # every number ever given to a station, so that none is given twice
    "transaction_numbers",
    main,
    Column("number", Integer, primary_key=True, autoincrement=False),
)

meter_values = Table(  # one wide row per MeterValue: the cheapest shape by far
    "meter_values",
    main,
    Column("pk", Integer, primary_key=True),
    Column("station", Integer, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("transaction", Integer),
    Column("at", Utc, nullable=False),
    Column("energy_wh", Float),
    Column("power_w", Float),
    Column("samples", Json, nullable=False),  # domain.measures.Sample rows
    Index("ix_meter_values_station_at", "station", "at"),
    Index("ix_meter_values_transaction", "transaction"),
)

reservations = Table(
    "reservations",
    main,
    Column("pk", Integer, primary_key=True),
    _station(),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("id_token", Text, nullable=False),
    Column("parent", Text, nullable=False, server_default=""),
    Column("expires_at", Utc, nullable=False),
    Column("status", Text, nullable=False),  # requested, active, used, cancelled, expired, refused
    Column("created_at", Utc, nullable=False),
    Index("ix_reservations_station", "station", "status"),
    sqlite_autoincrement=True,
)

charging_profiles = Table(  # what we believe is installed
    "charging_profiles",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("profile_id", Integer, primary_key=True),
    Column("evse", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("stack_level", Integer, nullable=False),
    Column("transaction", Integer),
    Column("profile", Json, nullable=False),  # in the words of the station's OCPP version
    Column("installed_at", Utc, nullable=False),
)

profile_habits = Table(  # the form of limit that a station took the last time, tried first the next time
    "profile_habits",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("evse", Integer, primary_key=True),  # what was to be limited; 0: the whole station
    Column("target", Integer, nullable=False),  # the EVSE that the profile was installed on
    Column("purpose", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("stack_level", Integer, nullable=False),
    Column("unit", Text, nullable=False),
)

local_list_entries = Table(  # what we believe stands in a station's local authorization list
    "local_list_entries",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),  # the id token in lower case
    Column("id_token", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parent", Text, nullable=False, server_default=""),
    Column("expires_at", Utc),
)

parameters = Table(
    "parameters",
    main,
    Column("station", Integer, ForeignKey("stations.pk", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text),
    Column("readonly", Boolean, nullable=False, server_default="0"),
    # false: the station said it does not know the key
    Column("known", Boolean, nullable=False, server_default="1"),
    Column("reboot_required", Boolean, nullable=False, server_default="0"),
    Column("read_at", Utc, nullable=False),
)

# the last state of each slow thing that a station does: firmware, diagnostics, log, security, certificate
notices = Table(
    "notices",
    main,
    Column("pk", Integer, primary_key=True),
    _station(),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("data", Json),
    Index("ix_notices_station", "station", "pk"),
)

users = Table(
    "users",
    main,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

logins = Table(
    "logins",
    main,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user", Integer, ForeignKey("users.pk", ondelete="CASCADE"), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    main,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("last_used_at", Utc),
)

audit = Table(
    "audit",
    main,
    Column("pk", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False, server_default=""),
    Column("detail", Json),
)

messages = Table(
    "messages",
    log,
    Column("pk", Integer, primary_key=True),
    Column("station", Text, nullable=False),  # the OCPP identity: the log must outlive and not need ostler.db
    Column("epoch", Integer, nullable=False),
    Column("direction", Text, nullable=False),  # in: the station asked; out: Ostler asked
    Column("action", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("latency_us", Integer),
    Column("outcome", Text, nullable=False),  # answered, error, timed-out, cancelled, ignored
    Column("error_code", Text, nullable=False, server_default=""),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False, server_default=""),
    Column("deviations", Json),
    Column("connector", Integer),
    Column("transaction", Text),
    Index("ix_messages_station", "station", "pk"),
    sqlite_autoincrement=True,
)
