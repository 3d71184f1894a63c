"""The expressions of the rules and of the dashboard, and the metrics in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from metrics import api, webhooks, worker
from metrics.declaration import PREFIX

MONITORING = Path(__file__).parents[3] / "deploy" / "monitoring"
METRIC = re.compile(r"\b(?:faceline|process)_[a-z_]+\b")
OF_THE_PROCESS = {
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}


def rule_expressions() -> Iterator[str]:
    """The conditions of all alerts."""
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def panel_expressions() -> Iterator[str]:
    """The queries of all panels."""
    dashboard = json.loads((MONITORING / "grafana" / "dashboards" / "faceline.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def metrics_in(expression: str) -> set[str]:
    """The names of the metrics in an expression."""
    return set(METRIC.findall(expression))


def declared_metrics() -> set[str]:
    """The names that the declared metrics have in a scrape; those of a histogram are its parts and its own name."""
    names = set(OF_THE_PROCESS)
    for declared in [*api.METRICS.declared, *worker.METRICS.declared, *webhooks.METRICS.declared]:
        parts = ("", "_bucket", "_sum", "_count") if declared.kind == "histogram" else ("",)
        names |= {f"{PREFIX}{declared.name}{part}" for part in parts}
    return names
