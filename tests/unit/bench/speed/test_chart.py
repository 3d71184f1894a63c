from xml.etree import ElementTree

from bench.speed.chart import bars

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> list[tuple[float, float]]:
    """Where each bar begins, and how long it is."""
    found = ElementTree.fromstring(svg).iterfind(f".//{SVG}rect[@class='bar']")
    return [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in found]


def test_bars_are_as_long_as_their_values() -> None:
    (_, half), (_, whole) = drawn(bars("shares", [("half", 0.5), ("whole", 1.0)]))
    assert whole == 2 * half


def test_the_line_of_the_baseline_stands_where_a_bar_of_its_value_ends() -> None:
    svg = bars("shares", [("slow", 0.25), ("bare", 1.0)], line=1.0)
    (line,) = ElementTree.fromstring(svg).iter(f"{SVG}line")
    left, length = drawn(svg)[-1]
    assert float(line.attrib["x1"]) == left + length


def test_labels_may_hold_any_character() -> None:
    root = ElementTree.fromstring(bars("a < b & c", [("<way>", 1.0)]))
    assert [text.text for text in root.iter(f"{SVG}text")][:2] == ["a < b & c", "<way>"]
