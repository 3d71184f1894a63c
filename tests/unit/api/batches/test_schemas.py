import pytest

from api.batches.schemas import BatchOptions


@pytest.mark.parametrize("given", [{}, {"ttl_s": 60}, {"dialect": "v2", "on_error": "fail", "include_image": False}])
def test_defaults_are_options_that_lines_may_have_beside_them(given: dict[str, object]) -> None:
    assert not BatchOptions.model_validate(given).names_services


@pytest.mark.parametrize("given", [{"dialect": "v1"}, {"on_error": "continue"}, {"services": ["age-estimator"]}])
def test_other_values_are_options_of_an_archive(given: dict[str, object]) -> None:
    assert BatchOptions.model_validate(given).names_services
