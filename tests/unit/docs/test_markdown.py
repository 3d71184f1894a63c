from docs.site.markdown import change_links, change_text, links

PAGE = """# Title

[One](a.md#b), `[not](code.md)` and ![picture](c.webp).

```sh
[not](fenced.md)
```

<!-- [not](comment.md) -->
"""


def test_links_are_those_outside_of_code_and_comments() -> None:
    assert links(PAGE) == ["a.md#b", "c.webp"]


def test_links_change_and_nothing_else() -> None:
    changed = change_links(PAGE, lambda target: f"x/{target}")
    assert changed == PAGE.replace("(a.md#b)", "(x/a.md#b)").replace("(c.webp)", "(x/c.webp)")


def test_a_comment_in_code_is_code() -> None:
    assert links("`<!-- a -->` and [one](a.md), `b` [two](c.md)") == ["a.md", "c.md"]


def test_a_single_backtick_ends_with_its_paragraph() -> None:
    assert links("a ` b\n\n[one](a.md) `") == ["a.md"]


def test_text_without_change_is_as_it_was() -> None:
    assert change_text(PAGE, lambda text: text) == PAGE
