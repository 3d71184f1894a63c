import pytest
from pydantic import BaseModel, ValidationError

from config.engine import usable_cores
from config.errors import InvalidSetting
from config.options import ServiceOptions
from config.settings import JobSettings, Settings, load_settings


def test_nested_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELINE_JOBS__TTL_S", "5")
    settings = load_settings()
    assert settings.jobs.ttl_s == 5
    assert settings.jobs.attempts == JobSettings().attempts


@pytest.mark.parametrize("name", ["FACELINE_REDIS_ULR", "FACELINE_JOBS__TTL", "FACELINE_JOBS__TTL_S__MORE"])
def test_a_misspelt_setting_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(InvalidSetting, match=name):
        load_settings()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("mykey", ("mykey",)),
        ("12345", ("12345",)),
        ("one, two,", ("one", "two")),
        ('["one", "with, a comma"]', ("one", "with, a comma")),
        ("", ()),
    ],
)
def test_a_setting_of_several_texts_is_a_text_or_a_list(
    monkeypatch: pytest.MonkeyPatch, text: str, keys: tuple[str, ...]
) -> None:
    for name in ("FACELINE_FACEAPI_KEYS", "FACELINE_REFERENCE_ROOTS"):
        monkeypatch.setenv(name, text)
    assert load_settings().faceapi_keys == load_settings().reference_roots == keys


@pytest.mark.parametrize("text", ["[mykey]", '["one"', "[1]"])
def test_a_list_that_is_no_json_list_of_texts_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FACELINE_FACEAPI_KEYS", text)
    with pytest.raises(InvalidSetting, match="FACELINE_FACEAPI_KEYS"):
        load_settings()


def test_a_value_out_of_bounds_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELINE_JOBS__TTL_S", "0")
    with pytest.raises(InvalidSetting, match="FACELINE_JOBS__TTL_S: Input should be greater"):
        load_settings()


@pytest.mark.parametrize(
    "times",
    [
        {"stage_deadline_s": 120, "visibility_timeout_s": 120},
        {"visibility_timeout_s": 180, "stalled_after_s": 180},
        {"stalled_after_s": 3600, "deadline_s": 3600},
    ],
)
def test_times_that_would_run_a_stage_twice_are_an_error(times: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="must be shorter than"):
        JobSettings(**times)


def test_every_setting_says_what_it_does() -> None:
    groups = {
        name: field.default for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)
    }
    assert groups
    for model in (Settings, *map(type, groups.values())):
        for name, field in model.model_fields.items():
            assert field.description or name in groups, name


@pytest.mark.parametrize(
    ("environment", "batching"),
    [
        ({}, False),
        ({"FACELINE_BATCHING": "1"}, True),
        ({"FACELINE_DEVICE": "cuda"}, True),
        ({"FACELINE_DEVICE": "tensorrt"}, True),
        ({"FACELINE_DEVICE": "cuda", "FACELINE_BATCHING": "0"}, False),
    ],
)
def test_tasks_share_batches_on_a_gpu_and_where_the_setting_says_so(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], batching: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings().engine.batching == batching


def test_a_deployment_may_search_upright_photos_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().options == ServiceOptions(turned_photos=True)
    monkeypatch.setenv("FACELINE_TURNED_PHOTOS", "false")
    assert load_settings().options == ServiceOptions(turned_photos=False)


def test_few_tasks_leave_their_threads_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELINE_WORKER_THREADS", "1")
    assert load_settings().engine.threads == usable_cores()
    monkeypatch.setenv("FACELINE_DEVICE", "cuda")
    assert load_settings().engine.threads == 1


def test_a_wrong_device_is_the_only_thing_that_is_said_to_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELINE_DEVICE", "gpu")
    with pytest.raises(InvalidSetting, match=r"^FACELINE_DEVICE: [^;]*$"):
        load_settings()
