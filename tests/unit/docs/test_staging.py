from pathlib import Path

import pytest

from docs.site.staging import DOCS, ROOT, linked_file, site_path, stage


def test_pages_keep_their_place_and_other_files_get_one() -> None:
    assert site_path(DOCS / "services" / "index.md") == Path("services/index.md")
    assert site_path(ROOT / "deploy" / "gateway" / "nginx.conf") == Path("repository/deploy/gateway/nginx.conf")


def test_a_link_is_resolved_from_its_page() -> None:
    assert linked_file(DOCS / "services" / "index.md", "../../SECURITY.md#x") == ROOT / "SECURITY.md"
    assert linked_file(DOCS / "faq.md", "../README.md") == DOCS / "index.md"


def test_a_folder_has_a_page_with_its_files(tmp_path: Path) -> None:
    stage(tmp_path)
    folder = tmp_path / "repository" / "deploy" / "monitoring"
    assert "- [alerts.yml](alerts.yml)" in (folder / "index.md").read_text()
    assert (folder / "alerts.yml").read_bytes() == (ROOT / "deploy" / "monitoring" / "alerts.yml").read_bytes()


def test_only_what_changed_is_written_and_what_is_gone_is_deleted(tmp_path: Path) -> None:
    stage(tmp_path)
    kept, changed, extra = tmp_path / "faq.md", tmp_path / "jobs.md", tmp_path / "gone.md"
    content, written = changed.read_bytes(), kept.stat().st_mtime_ns
    changed.write_text("other")
    extra.touch()
    stage(tmp_path)
    assert (changed.read_bytes(), kept.stat().st_mtime_ns, extra.exists()) == (content, written, False)


@pytest.mark.parametrize("target", ["#here", "https://example.org/a.md", "mailto:a@example.org"])
def test_other_links_lead_to_no_file(target: str) -> None:
    assert linked_file(DOCS / "index.md", target) is None


@pytest.mark.parametrize("target", ["nothing.md", "../nothing", "../../../../etc/hostname"])
def test_a_link_out_of_the_repository_is_an_error(target: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"docs/index\.md links to"):
        linked_file(DOCS / "index.md", target)
