"""Tables of the commands that are clients, on the recorded answers of the fake API."""

from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.table import Table

from cli.client.tables import batches_table, jobs_table, objects_table, presets_table, services_table, stages_table
from faceline_client import Client
from faceline_client.testing import FakeFaceline

EVERYTHING = ["face-detector-face-fitter", "age-estimator", "gender-estimator", "emotion-estimator", "mask-estimator"]
EVERYTHING += ["liveness-estimator", "quality-assessment-estimator", "template-extractor"]


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(transport=FakeFaceline()) as connected:
        yield connected


def lines(table: Table) -> list[str]:
    console = Console(width=80, record=True, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


def test_a_face_of_which_all_services_say_something_fits_into_80_columns(client: Client) -> None:
    sample = client.analyse(b"photo", services=EVERYTHING)
    shown = lines(objects_table(sample))
    assert shown[1].split() == ["#", "is", "sure", "age", "gender", "emotion", "mask", "live", "quality"]
    assert "happy" in shown[3]
    assert "…" not in shown[3]
    assert len(shown) == 5


def test_a_column_is_there_if_a_service_fills_it(client: Client) -> None:
    sample = client.analyse(b"photo", services=["body-detector"])
    assert lines(objects_table(sample))[1].split() == ["#", "is", "sure", "box"]


def test_ids_are_never_broken(client: Client) -> None:
    job = client.submit(b"photo", preset="face-analysis")
    list(client.batch([b"photo"], preset="face-analysis", keep=True))
    (batch,) = client.batches()
    assert job.id in lines(jobs_table([job]))[3]
    assert batch.id in lines(batches_table([batch]))[3]
    assert "completed" in lines(batches_table([batch]))[3]


def test_all_names_are_readable(client: Client) -> None:
    offers = client.services()
    shown = "\n".join(lines(services_table(offers)) + lines(presets_table(offers)))
    assert all(service.name in shown for service in offers.services)
    assert all(preset in shown for preset in offers.presets)
    job = client.submit(b"photo", preset="face-analysis")
    assert all(name in "\n".join(lines(stages_table(job))) for name in job.services)
