"""Draws which checks of the passport check fail, for each kind of damage.

python docs/bulk/plot.py OUT reasons.svg
"""

import sys
from pathlib import Path

import duckdb

QUESTION = """
WITH checks AS (
    UNPIVOT (SELECT image, spoilt, COLUMNS('quality_(is_.*|no_flare|not_masked)$') FROM '{out}/parts/*.parquet')
    ON COLUMNS('quality_.*') INTO NAME reason VALUE passed
)
SELECT spoilt, replace(reason, 'quality_', '') AS reason, avg((NOT passed)::INT) AS failing
FROM checks GROUP BY ALL
"""
CELL, LEFT, TOP = 46, 210, 96


def main(out: Path, drawing: Path) -> None:
    """Query the results of a run and draw a table: the more portraits fail a check, the darker its cell."""
    found = duckdb.execute(QUESTION.format(out=out)).fetchall()
    share = {(spoilt, reason): failing for spoilt, reason, failing in found}
    columns = sorted({spoilt for spoilt, _ in share})
    reasons = sorted({reason for _, reason in share}, key=lambda one: -sum(share[name, one] for name in columns))
    width, height = LEFT + CELL * len(columns) + 60, TOP + 24 * len(reasons) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for column, spoilt in enumerate(columns):
        x = LEFT + CELL * column + CELL / 2
        lines.append(f'<text transform="translate({x},{TOP - 8}) rotate(-50)">{spoilt}</text>')
    for row, reason in enumerate(reasons):
        y = TOP + 24 * row
        lines.append(f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{reason}</text>')
        for column, spoilt in enumerate(columns):
            failing = share[spoilt, reason]
            x, ink = LEFT + CELL * column, "white" if failing > 0.5 else "#333"
            lines.append(
                f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="22" fill="#b3261e" fill-opacity="{failing:.2f}"/>'
                f'<text x="{x + CELL / 2 - 1}" y="{y + 15}" text-anchor="middle" fill="{ink}">'
                f"{f'{failing:.0%}' if failing else '·'}</text>"
            )
    drawing.write_text("\n".join([*lines, "</svg>", ""]), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
