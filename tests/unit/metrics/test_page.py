import re
from pathlib import Path

import pytest

from metrics import api, webhooks, worker
from metrics.declaration import Declared
from metrics.page import tables

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
DECLARED = [*api.METRICS.declared, *worker.METRICS.declared, *webhooks.METRICS.declared]
LABELS = {
    *("route", "method", "status", "reason", "priority", "queue", "family", "stage", "service", "outcome"),
    *("model", "device", "state"),
}
"""Labels with few values that are known before a deployment starts; no ids, keys and URLs."""


def test_the_page_of_metrics_is_made_of_the_declarations() -> None:
    assert tables() in PAGE.read_text()


def test_a_name_is_declared_once() -> None:
    names = [declared.name for declared in DECLARED]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.name)
def test_names_and_labels_follow_the_conventions(declared: Declared) -> None:
    assert set(declared.labels) <= LABELS
    assert re.fullmatch(r"[a-z_]+", declared.name)
    assert declared.name.endswith("_total") == (declared.kind == "counter")
    assert declared.meaning.endswith(".")
