"""The rules and the dashboard of Prometheus: they are valid, fire when they should, and name declared metrics."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.process import ROLES
from tests.contract.monitoring.expressions import declared_metrics, metrics_in, panel_expressions, rule_expressions

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "alerts.yml"
STORIES = Path(__file__).parent / "alerts.test.yml"


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments: str) -> None:
    """Runs promtool; the test fails with its output."""
    if shutil.which("promtool") is None:
        pytest.skip("no promtool; the Debian package `prometheus` has it")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_and_the_configuration_are_valid() -> None:
    promtool("check", "rules", "--lint-fatal", str(RULES))
    promtool("check", "config", str(MONITORING / "prometheus.yml"))


def test_each_alert_fires_in_its_story_and_none_in_a_healthy_deployment() -> None:
    promtool("test", "rules", str(STORIES))


def test_each_alert_has_a_story_in_which_it_fires_and_is_silent_in_the_healthy_one() -> None:
    healthy, *others = yaml.safe_load(STORIES.read_text())["tests"]
    names = {alert["alert"] for alert in alerts()}
    assert {case["alertname"] for case in healthy["alert_rule_test"] if "exp_alerts" not in case} == names
    fired = {case["alertname"] for story in others for case in story["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == names


def test_the_runbook_has_a_section_for_each_alert() -> None:
    headings = {
        line.removeprefix("### ")
        for line in (ROOT / "docs" / "runbook.md").read_text().splitlines()
        if line.startswith("### ")
    }
    assert headings == {alert["alert"] for alert in alerts()}
    for alert in alerts():
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_rules_and_panels_name_metrics_that_are_declared() -> None:
    declared = declared_metrics()
    for expression in [*rule_expressions(), *panel_expressions()]:
        unknown = metrics_in(expression) - declared
        assert not unknown, expression


def test_each_declared_metric_is_in_a_panel_or_a_rule() -> None:
    shown = set().union(*map(metrics_in, [*rule_expressions(), *panel_expressions()]))
    families = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in shown}
    wanted = {name for name in declared_metrics() if not name.endswith(("_bucket", "_sum", "_count"))}
    assert {name for name in wanted if name.startswith("faceline_")} <= families


def test_the_profile_mounts_files_that_exist_and_publishes_no_metrics() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    monitoring = {name: service for name, service in services.items() if service.get("profiles") == ["monitoring"]}
    assert set(monitoring) == {"prometheus", "grafana"}
    for service in monitoring.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists(), source
    scraped = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    ports = {place["port"] for config in scraped for place in config["dns_sd_configs"]}
    names = {name for config in scraped for place in config["dns_sd_configs"] for name in place["names"]}
    ours = {name for name, service in services.items() if service.get("command", [""])[0] in ROLES}
    assert names == ours | {"gpu"}
    for name in ours:
        environment = services[name]["environment"]
        assert {int(environment[f"FACELINE_METRICS__{kind}_PORT"]) for kind in ("API", "WORKER", "WEBHOOKS")} == ports
        assert not any("9100" in published for published in services[name].get("ports", []))
