"""`/metrics` for Prometheus. No label names a station or a person: there may be many of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

import ostler
from ostler.api.admission import PUBLIC
from ostler.api.house import House

Values = float | Mapping[tuple[str, ...], float]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number that some part of the program keeps anyway; it is read when Prometheus asks.

    With `labels`, `read` gives a value for each combination of them. The name of a counter ends in `_total`.
    """

    name: str
    help: str
    kind: Literal["counter", "gauge"]
    read: Callable[[], Values]
    labels: tuple[str, ...] = ()


class _Collector:
    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for figure in self._figures:
            kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            family = kind(figure.name, figure.help, labels=figure.labels)
            values = figure.read()
            for labels, value in (values if isinstance(values, Mapping) else {(): values}).items():
                family.add_metric(labels, value)
            yield family


def make_registry(house: House, figures: Sequence[Figure]) -> CollectorRegistry:
    """Our own figures, those that the caller adds (the gateway's), and the process's."""
    registry = CollectorRegistry()
    registry.register(_Collector([*_own(house), *figures]))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def _own(house: House) -> list[Figure]:
    def gauge(name: str, about: str, read: Callable[[], Values], *labels: str) -> Figure:
        return Figure(name=f"ostler_{name}", help=about, kind="gauge", read=read, labels=labels)

    def counter(name: str, about: str, read: Callable[[], Values], *labels: str) -> Figure:
        return Figure(name=f"ostler_{name}", help=about, kind="counter", read=read, labels=labels)

    store, writer = house.store, house.store.writer
    return [
        gauge("build_info", "The running version.", lambda: {(ostler.__version__,): 1.0}, "version"),
        gauge("stations_connected", "Stations with a live connection.", lambda: house.bus.connected_count),
        counter("commits_total", "Database transactions that were committed.", lambda: writer.commits),
        counter("commit_seconds_total", "Time spent in them.", lambda: writer.commit_seconds),
        gauge("writer_queue_length", "Units of work that wait for a commit.", lambda: writer.queued),
        gauge("database_up", "Whether commits succeed.", lambda: float(store.health().database is None)),
        gauge("message_log_up", "Whether messages can be logged.", lambda: float(store.health().log is None)),
        counter("messages_not_logged_total", "Messages lost from the log.", lambda: store.log.lost),
        counter("login_failures_total", "Wrong passwords and API tokens.", lambda: house.auth_failures),
        gauge("event_listeners", "Open streams of events.", lambda: house.streams.count),
        gauge("loop_lag_seconds", "How late the event loop was the last time.", lambda: house.lag.last_s),
        gauge("loop_lag_max_seconds", "How late it ever was.", lambda: house.lag.most_s),
    ]


@get("/metrics", opt=PUBLIC, media_type="text/plain", tags=("Operations",))
async def read_metrics(*, house: NamedDependency[House]) -> Response[bytes]:
    """Figures in Prometheus' text format."""
    return Response(generate_latest(house.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
