from pathlib import Path

from docs.site.check import problems


def site(folder: Path, **pages: str) -> Path:
    for name, body in pages.items():
        (folder / name).mkdir()
        (folder / name / "index.html").write_text(f"<html><body>{body}</body></html>")
    return folder


def test_a_site_whose_links_lead_somewhere_has_no_problems(tmp_path: Path) -> None:
    assert (
        problems(site(tmp_path, a='<h1 id="x">A</h1><a href="../b/#y">b</a>', b='<p id="y"><a href="#y">here</a>'))
        == []
    )


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    assert problems(site(tmp_path, a='<a href="../b/">b</a>')) == ["a/index.html links to ../b/, which does not exist"]


def test_a_link_to_a_missing_anchor_is_found(tmp_path: Path) -> None:
    found = problems(site(tmp_path, a='<a href="../b/#z">b</a><a href="#q">q</a>', b=""))
    assert found == [
        "a/index.html links to ../b/#z, which has no such anchor",
        "a/index.html links to #q, which has no such anchor",
    ]


def test_a_missing_picture_is_found(tmp_path: Path) -> None:
    assert problems(site(tmp_path, a='<img src="x.png">')) == ["a/index.html links to x.png, which does not exist"]


def test_a_file_from_another_host_is_found(tmp_path: Path) -> None:
    page = '<script src="https://cdn.example/x.js"></script><a href="https://other.example/">a link</a>'
    assert problems(site(tmp_path, a=page)) == ["a/index.html loads https://cdn.example/x.js"]
