import pytest
from typer import BadParameter

from cli.client.work import DEFAULT_PRESET, Names
from models.catalogue import services
from pipelines.presets import PRESETS

NAMES = Names(list(services()), list(PRESETS))


def test_without_a_wish_there_is_a_preset() -> None:
    assert NAMES.chosen(None, None) == {"preset": DEFAULT_PRESET}


def test_services_keep_their_order() -> None:
    assert NAMES.chosen("body-detector, age-estimator", None) == {"services": ["body-detector", "age-estimator"]}


@pytest.mark.parametrize(
    ("services_", "preset", "told"),
    [
        ("age-estimater", None, "did you mean age-estimator"),
        (None, "enrollment", "did you mean enrolment"),
        (None, "verify", "there is no preset verify"),
        ("age-estimator", "enrolment", "either"),
    ],
)
def test_a_wrong_wish_is_told_what_is_right(services_: str | None, preset: str | None, told: str) -> None:
    with pytest.raises(BadParameter, match=told):
        NAMES.chosen(services_, preset)
