import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import simpy

from bench.scale_sim import COSTS, main
from bench.scaling.costs import Costs
from bench.scaling.predict import Prices, first_bottleneck, predict, sweep
from bench.scaling.report import chart, table
from bench.scaling.simulation import DeploymentSize, Simulation

COSTS_OF_TEN = Costs(
    machine="made up",
    services=["some"],
    by_reference=False,
    images=10,
    image_bytes=1e6,
    work_s=[0.9, 1.0, 1.1],
    submit_s=0.001,
    collect_s=0.001,
    server_s=0.001,
    server_commands=50,
    bytes_out=1e6,
    idle_commands_per_s=5,
    idle_server_s_per_s=0.0,
)
PRICES = Prices(core_hour=1.0, fixed_cores=0)
MANY = [1, 2, 4, 8, 16, 32, 64, 128]


def test_every_chunk_ends_once_and_passes_every_hop() -> None:
    simulation = Simulation(COSTS_OF_TEN, DeploymentSize(workers=7, threads=2, hops=3))
    simulation.run(500)
    assert len(simulation.chunks) == len(simulation.ends) == 500
    assert all(chunk.ended_at is not None and chunk.ended_at > chunk.sent_at for chunk in simulation.chunks)
    assert len(simulation.stations["workers"].busy) == 3 * 500


def test_open_chunks_never_exceed_the_window() -> None:
    simulation = Simulation(COSTS_OF_TEN, DeploymentSize(workers=4, window=3))
    simulation.run(300)
    steps = [(chunk.sent_at, 1) for chunk in simulation.chunks] + [(end, -1) for end in simulation.ends]
    assert np.cumsum([step for _, step in sorted(steps)]).max() == 4 * 3


def test_littles_law_holds() -> None:
    simulation = Simulation(COSTS_OF_TEN, DeploymentSize(workers=5))
    seen: list[int] = []

    def count_open() -> Iterator[simpy.Event]:
        while len(simulation.chunks) < 400 or any(chunk.ended_at is None for chunk in simulation.chunks):
            seen.append(sum(chunk.ended_at is None for chunk in simulation.chunks))
            yield simulation.env.timeout(0.1)

    simulation.env.process(count_open())  # type: ignore[arg-type]
    simulation.run(400)
    stay = np.mean([end - chunk.sent_at for chunk, end in zip(simulation.chunks, simulation.ends, strict=True)])
    rate = 400 / simulation.env.now
    assert np.mean(seen) == pytest.approx(rate * stay, rel=0.01)


@pytest.mark.parametrize(
    ("change", "limit", "images_per_s"),
    [
        ({"submit_s": 0.06, "collect_s": 0.04}, "submitter", 100),
        ({"server_s": 0.1}, "Redis commands/s", 100),
        ({"bytes_out": 1.25e8}, "network bytes/s", 100),
    ],
)
def test_throughput_grows_with_the_workers_up_to_the_named_bottleneck(
    change: dict[str, float], limit: str, images_per_s: float
) -> None:
    costs = replace(COSTS_OF_TEN, **change)  # type: ignore[arg-type]
    found = [predict(costs, DeploymentSize(workers), PRICES) for workers in MANY]
    for one, more in pairwise(found):
        if more.limit == "workers":
            assert more.images_per_s == pytest.approx(2 * one.images_per_s, rel=0.05)
        assert more.images_per_s > 0.97 * one.images_per_s
    assert {one.limit for one in found} == {"workers", limit}
    assert found[-1].images_per_s == pytest.approx(images_per_s, rel=0.02)
    first = next(one.workers for one in found if one.limit != "workers")
    assert f"{limit}, between {first // 2} and {first} workers" in first_bottleneck(found)


def test_polling_workers_reduce_what_the_server_can_serve() -> None:
    costs = replace(COSTS_OF_TEN, server_s=0.1, idle_server_s_per_s=0.004)
    assert predict(costs, DeploymentSize(128), PRICES).images_per_s == pytest.approx(100 * (1 - 128 * 0.004), rel=0.02)


def test_without_a_bottleneck_the_next_one_is_named() -> None:
    found = sweep(COSTS_OF_TEN, DeploymentSize(1), PRICES)
    assert "No bottleneck up to 256 workers; the next is submitter, at about 500." in first_bottleneck(found)


def test_more_hops_cost_the_server_more() -> None:
    one, four = (predict(COSTS_OF_TEN, DeploymentSize(16, hops=hops), PRICES).use for hops in (1, 4))
    assert four["Redis commands/s"] == pytest.approx(4 * one["Redis commands/s"], rel=0.1)


def test_the_price_of_a_million_images_is_the_price_of_their_core_hours() -> None:
    found = predict(COSTS_OF_TEN, DeploymentSize(1), PRICES)
    assert found.cost_per_million == pytest.approx(1e6 / found.images_per_s / 3600)


def test_predictions_are_equal_for_equal_seeds_only() -> None:
    first, again, other = (predict(COSTS_OF_TEN, DeploymentSize(3), PRICES, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_costs_round_trip_through_their_file(tmp_path: Path) -> None:
    COSTS_OF_TEN.write(tmp_path / "costs.json")
    assert Costs.read(tmp_path / "costs.json") == COSTS_OF_TEN


def test_table_and_chart_show_every_size(tmp_path: Path) -> None:
    found = sweep(COSTS_OF_TEN, DeploymentSize(1), PRICES)
    assert table(found).count("\n| ") == 1 + len(found)
    assert chart(found).count("<circle") == len(found)


def test_the_command_writes_table_chart_and_figures(tmp_path: Path) -> None:
    assert main(["--predict", "--costs", str(COSTS), "--out", str(tmp_path)]) == 0
    assert [one["workers"] for one in json.loads((tmp_path / "scaling.json").read_text())][-1] == 256
    assert (tmp_path / "scaling.svg").read_text().startswith("<svg")


def test_the_document_shows_what_the_command_prints(tmp_path: Path) -> None:
    main(["--costs", str(COSTS), "--out", str(tmp_path)])
    document = Path(__file__).parents[3] / "docs" / "scaling.md"
    assert (tmp_path / "scaling.md").read_text() in document.read_text()
