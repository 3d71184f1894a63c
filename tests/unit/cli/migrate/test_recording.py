import json
from pathlib import Path

import pytest

from cli.migrate.recording import RecordedRequest, UnreadableRecording, read_recording, recordings, request_parts


def written(folder: Path, text: str) -> Path:
    file = folder / "one.json"
    file.write_text(text)
    return file


def test_a_recording_has_defaults_for_what_is_usual(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, json.dumps({"request": {"path": "/a", "body": {"b": 1}}})))
    assert (recording.request.method, recording.response.status, recording.response.body) == ("POST", 200, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "the file: "),
        ('{"request": {}}', "request.path: "),
        ('{"request": {"path": "no-slash"}}', "request.path: it begins with `/`"),
        ('{"request": {"path": "/a", "url": "x"}}', "request.url: "),
        ('{"request": {"path": "/a", "method": "two words"}}', "request.method: "),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UnreadableRecording, match=rf"one\.json.*{problem}"):
        read_recording(written(tmp_path, text))


def test_an_error_shows_no_photo(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording) as raised:
        read_recording(written(tmp_path, json.dumps({"request": {"path": "secret-photo", "body": "secret-photo"}})))
    assert "secret-photo" not in str(raised.value)


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    for name in ("b.json", "a/c.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert recordings(tmp_path) == [tmp_path / "a" / "c.json", tmp_path / "b.json"]


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording, match=r"no files that end in \.json"):
        recordings(tmp_path)


def test_a_form_sends_the_content_of_files(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"bytes")
    request = RecordedRequest(path="/a", form={"image": "@photo.jpg", "services": "one"})
    assert request_parts(request, tmp_path) == {
        "data": {"services": "one"},
        "files": {"image": ("photo.jpg", b"bytes")},
    }


def test_a_form_with_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording, match=r"photo\.jpg, which does not exist"):
        request_parts(RecordedRequest(path="/a", form={"image": "@photo.jpg"}), tmp_path)
