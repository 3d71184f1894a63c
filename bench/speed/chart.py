"""A bar chart as SVG, drawn by hand: no plotting package is worth its weight here."""

from collections.abc import Sequence
from html import escape

WIDTH, LABELS, BAR, GAP, HEAD = 880, 420, 18, 8, 44


def bars(title: str, values: Sequence[tuple[str, float]], line: float | None = None) -> str:
    """Horizontal bars.

    Args:
        title: above them.
        values: what each bar is called, and how long it is.
        line: the value at which an upright line is drawn, such as that of a baseline.
    """
    room = WIDTH - LABELS - 60
    scale = room / max([value for _, value in values] + ([line] if line is not None else []))
    height = HEAD + len(values) * (BAR + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    if line is not None:
        x = f"{LABELS + line * scale:.1f}"
        ends = f'x1="{x}" y1="{HEAD - 6}" x2="{x}" y2="{height - GAP}"'
        parts.append(f'<line {ends} stroke="#b04040" stroke-dasharray="4 3"/>')
    for index, (label, value) in enumerate(values):
        top = HEAD + index * (BAR + GAP)
        text = top + BAR - 5
        length = value * scale
        parts += [
            f'<text x="{LABELS - 8}" y="{text}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="bar" x="{LABELS}" y="{top}" width="{length:.1f}" height="{BAR}" fill="#4878a8"/>',
            # On white, since the line may cross it.
            f'<rect x="{LABELS + length + 3:.1f}" y="{top}" width="34" height="{BAR}" fill="#ffffff"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{text}">{value:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
