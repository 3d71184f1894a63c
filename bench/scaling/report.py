"""Shows predictions: a table as Markdown, and a chart as SVG."""

from collections.abc import Sequence
from html import escape
from math import log2

from bench.scaling.predict import Prediction, first_bottleneck
from bench.scaling.simulation import STATIONS

COLUMNS = (
    "workers",
    "images/s",
    "of ideal",
    "chunks waiting",
    "chunk p50, p95 s",
    "workers busy",
    "Redis busy, commands/s",
    "network busy, MB/s",
    "submitter busy",
    "per 10⁶ images",
    "limited by",
)
FONT = 'font-family="sans-serif" font-size="13"'
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 420, 70, 50, 44, 20


def table(predictions: Sequence[Prediction]) -> str:
    """The predictions as a Markdown table, with the first bottleneck below it."""
    one_worker = predictions[0].images_per_s / predictions[0].workers
    lines = [COLUMNS, ("--:",) * len(COLUMNS)]
    for prediction in predictions:
        workers, server, link, submitter = (f"{100 * prediction.use[name]:.0f} %" for name in STATIONS)
        p50, p95 = prediction.latency_s
        lines.append(
            (
                str(prediction.workers),
                f"{prediction.images_per_s:,.0f}",
                f"{prediction.images_per_s / (prediction.workers * one_worker):.2f}",
                f"{prediction.queue:.0f}",
                f"{p50:.1f}, {p95:.1f}",
                workers,
                f"{server}, {prediction.commands_per_s:,.0f}",
                f"{link}, {prediction.bytes_per_s / 1e6:,.0f}",
                submitter,
                f"{prediction.cost_per_million:.2f}",
                prediction.limit,
            )
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{first_bottleneck(predictions)}\n"


def chart(predictions: Sequence[Prediction]) -> str:
    """Images per second over workers as SVG, both on log2 scales; a dashed line shows linear growth."""
    one_worker = predictions[0].images_per_s / predictions[0].workers
    most = predictions[-1].workers
    across = (WIDTH - LEFT - RIGHT) / log2(most)
    up = (HEIGHT - TOP - BOTTOM) / log2(most)

    def position(workers: float, rate: float) -> tuple[float, float]:
        return LEFT + log2(workers) * across, HEIGHT - BOTTOM - log2(rate / one_worker) * up

    ideal = [position(workers, workers * one_worker) for workers in (1, most)]
    found = [position(prediction.workers, prediction.images_per_s) for prediction in predictions]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(first_bottleneck(predictions))}</text>',
        _line(ideal, "#999999", "4 3"),
        _line(found, "#4878a8", "none"),
    ]
    for prediction, (x, y) in zip(predictions, found, strict=True):
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#4878a8"/>',
            f'<text x="{x - 8:.1f}" y="{y - 8:.1f}" text-anchor="end">{prediction.images_per_s:,.0f}</text>',
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{prediction.workers}</text>',
        ]
    parts += [
        f'<text x="{LEFT}" y="{TOP}">images/s; dashed: as many times one worker</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">workers</text>',
    ]
    return "\n".join([*parts, "</svg>", ""])


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
