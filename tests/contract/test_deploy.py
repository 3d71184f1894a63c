"""Manifests and compose files match the code that they deploy; kubectl renders the manifests as for a cluster."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
from kombu.transport.redis import Channel

from broker.queues import all_queues
from config.settings import JobSettings, WebhookSettings, load_settings
from embedded.process import ROLES
from jobs.job import Priority
from models.catalogue import services
from models.family import ModelFamily

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ["cpu", "gpu"]
COMPOSE = ["docker-compose.yml", "deploy/compose.scale.yml"]

Document = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Document]:
    """The documents that `kubectl apply -k` sends."""
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if kubectl is None and "CI" not in os.environ:
        pytest.skip("no kubectl; the extra `dev` brings one")
    assert kubectl
    command = [kubectl, "kustomize", str(KUBERNETES / "overlays" / overlay)]
    return list(yaml.safe_load_all(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def of_kind(overlay: str, kind: str) -> list[Document]:
    return [document for document in rendered(overlay) if document["kind"] == kind]


def container(deployment: Document) -> Document:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)


def workers(overlay: str) -> dict[str, Document]:
    """The Deployments of workers, by their family."""
    found = [one for one in of_kind(overlay, "Deployment") if container(one)["args"][0] == "worker"]
    return {container(one)["args"][1]: one for one in found}


def compose(file: str) -> Document:
    """The services of a file, with the defaults of its variables."""
    text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", (ROOT / file).read_text())
    return dict(yaml.safe_load(text)["services"])


def families_with_networks() -> set[str]:
    return {service.family for service in services().values() if service.weights}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_fits_the_schema_of_its_kind(overlay: str) -> None:
    for document in rendered(overlay):
        if document["kind"] == "ScaledObject":
            kept = ScaledObject.model_validate(document).model_dump(by_alias=True, exclude_none=True, mode="json")
            assert kept == document, "the schema drops what it does not know"
        else:
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_family_has_a_worker_that_scales(overlay: str) -> None:
    assert sorted(workers(overlay)) == sorted(ModelFamily)
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(overlay, "ScaledObject")}
    assert scaled == {one["metadata"]["name"] for one in workers(overlay).values()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_scale_on_the_sum_of_the_queues_of_their_family(overlay: str) -> None:
    names = {one["metadata"]["name"]: family for family, one in workers(overlay).items()}
    for scaled in of_kind(overlay, "ScaledObject"):
        spec = scaled["spec"]
        lists = [trigger["metadata"]["listName"] for trigger in spec["triggers"]]
        assert lists == all_queues([names[spec["scaleTargetRef"]["name"]]])
        triggers = [trigger["name"] for trigger in spec["triggers"]]
        assert triggers == [priority.value for priority in Priority]
        assert spec["advanced"]["scalingModifiers"]["formula"] == " + ".join(triggers)


def test_a_message_without_a_priority_is_in_the_list_named_like_its_queue() -> None:
    channel = Channel.__new__(Channel)
    assert Channel._q_for_pri(channel, "liveness.bulk", 0) == "liveness.bulk"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_keda_reads_the_queues_of_the_redis_in_the_overlay(overlay: str) -> None:
    (redis,) = (one for one in of_kind(overlay, "Service") if one["metadata"]["name"] == "redis")
    address = f"redis.{redis['metadata']['namespace']}.svc:{redis['spec']['ports'][0]['port']}"
    asked = {
        trigger["metadata"]["address"]
        for one in of_kind(overlay, "ScaledObject")
        for trigger in one["spec"]["triggers"]
    }
    assert asked == {address}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_exist_and_take_their_values(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: value for one in of_kind(overlay, "ConfigMap") for name, value in one["data"].items()}
    for deployment in of_kind(overlay, "Deployment"):
        given |= {one["name"]: one["value"] for one in container(deployment).get("env", [])}
    for file in COMPOSE:
        for service in compose(file).values():
            settings = service.get("environment", {}).items()
            given |= {name: value for name, value in settings if name.startswith("FACELINE_")}
    assert "FACELINE_REDIS_URL" in given
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    load_settings()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_of_this_version_and_run_roles_that_it_has(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        role = container(deployment)["args"][0]
        assert role in ROLES
        assert container(deployment)["image"] in images_of(role)


def images_of(role: str) -> list[str]:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = [f"faceline-{role}:{version}"]
    return [*images, f"{images[0]}-gpu"] if role == "worker" else images


@pytest.mark.parametrize("file", COMPOSE)
def test_containers_run_images_of_this_version_which_are_built_here(file: str) -> None:
    built = {name: one for name, one in compose(file).items() if "build" in one}
    assert built
    for one in built.values():
        image = one["image"]
        assert image in images_of(one["command"][0])
        assert one["build"] == {"context": ".", "target": re.sub(r"^faceline-|:[^-]*", "", image)}


@pytest.mark.parametrize("file", COMPOSE)
def test_no_container_of_ours_writes_into_its_image_or_gains_rights(file: str) -> None:
    for one in compose(file).values():
        if "build" in one:
            assert one["read_only"]
            assert one["tmpfs"] == ["/tmp"]
            assert one["cap_drop"] == ["ALL"]
            assert one["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_have_time_to_finish_their_work_before_they_are_killed(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        role = container(deployment)["args"][0]
        before_s = 0
        if hook := container(deployment).get("lifecycle"):
            before_s = int(hook["preStop"]["exec"]["command"][1])
        grace_s = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace_s > before_s + longest_work_s(role)


def longest_work_s(role: str) -> float:
    jobs = JobSettings()
    return {
        "worker": jobs.stage_deadline_s,
        "webhooks": WebhookSettings().timeout_s,
        "api": jobs.sync_timeout_s,
    }[role]


def test_containers_have_time_to_finish_their_work_before_they_are_killed() -> None:
    ours = [one for one in compose(COMPOSE[0]).values() if one.get("command", [""])[0] in ROLES]
    assert sorted(one["command"][0] for one in ours) == ["api", "webhooks", *["worker"] * len(ModelFamily)]
    for one in ours:
        assert int(one["stop_grace_period"].removesuffix("s")) > longest_work_s(one["command"][0])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_worker_has_probes_of_the_file_that_it_renews(overlay: str) -> None:
    for deployment in workers(overlay).values():
        given = {one["name"]: one["value"] for one in container(deployment)["env"]}
        assert Path(given["FACELINE_ALIVE_FILE"]).parent in [
            Path(mount["mountPath"]) for mount in container(deployment)["volumeMounts"]
        ]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container(deployment)[probe]["exec"]["command"][:4] == ["python", "-P", "-m", "embedded.probe"]
        # Waiting for a store or broker is no reason to start a worker again.
        assert "--consuming" not in container(deployment)["livenessProbe"]["exec"]["command"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_process_that_sends_webhooks_has_probes_of_the_file_that_it_renews(overlay: str) -> None:
    (webhooks,) = (one for one in of_kind(overlay, "Deployment") if container(one)["args"] == ["webhooks"])
    assert {"name": "FACELINE_ALIVE_FILE", "value": "/tmp/alive"} in container(webhooks)["env"]
    for probe in ("startupProbe", "livenessProbe"):
        assert container(webhooks)[probe]["exec"]["command"] == ["python", "-P", "-m", "embedded.probe"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_prometheus_finds_the_port_of_metrics_of_each_process(overlay: str) -> None:
    (settings,) = (one["data"] for one in of_kind(overlay, "ConfigMap"))
    for deployment in of_kind(overlay, "Deployment"):
        role = container(deployment)["args"][0]
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/scrape"] == "true"
        assert annotations["prometheus.io/port"] == settings[f"FACELINE_METRICS__{role.upper()}_PORT"]


@pytest.mark.parametrize("profile", ["monitoring", "flower"])
def test_what_watches_a_deployment_is_there_by_its_profile_and_on_this_machine_only(profile: str) -> None:
    watching = {name: one for name, one in compose(COMPOSE[0]).items() if one.get("profiles") == [profile]}
    assert sorted(watching) == {"monitoring": ["grafana", "prometheus"], "flower": ["flower"]}[profile]
    assert all(port.startswith("127.0.0.1:") for one in watching.values() for port in one["ports"])
    assert f"--profile {profile}" in (ROOT / "docs" / "operations.md").read_text()


def test_flower_reads_the_broker_of_the_deployment() -> None:
    services = compose(COMPOSE[0])
    assert f"--broker={services['api']['environment']['FACELINE_REDIS_URL']}" in services["flower"]["command"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_runs_as_root_or_writes_into_its_image(overlay: str) -> None:
    for one in [*of_kind(overlay, "Deployment"), *of_kind(overlay, "StatefulSet")]:
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] > 0
        assert container(one)["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_that_scales_keeps_running_when_nodes_are_drained(overlay: str) -> None:
    guarded = [one["spec"]["selector"]["matchLabels"] for one in of_kind(overlay, "PodDisruptionBudget")]
    for deployment in of_kind(overlay, "Deployment"):
        assert deployment["spec"]["selector"]["matchLabels"] in guarded


def test_families_with_networks_have_a_gpu_and_run_on_it() -> None:
    for family, deployment in workers("gpu").items():
        on_gpu = {"name": "FACELINE_DEVICE", "value": "cuda"} in container(deployment).get("env", [])
        assert on_gpu == (family in families_with_networks()), family
        assert on_gpu == ("nvidia.com/gpu" in container(deployment)["resources"]["limits"])
        assert on_gpu == container(deployment)["image"].endswith("-gpu")
        assert on_gpu == ("tolerations" in deployment["spec"]["template"]["spec"])


def test_compose_has_a_worker_for_every_family_and_scales_each() -> None:
    plain, scale = map(compose, COMPOSE)
    assert {one["command"][1] for one in plain.values() if "worker" in one.get("command", [])} == set(ModelFamily)
    assert {name for name, one in scale.items() if "deploy" in one} == {*ModelFamily, "gpu"}
    assert set(scale) - {"gpu"} <= set(plain)


def test_the_gpu_profile_takes_the_families_with_networks() -> None:
    gpu = compose("deploy/compose.scale.yml")["gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert set(gpu["command"][1:]) == families_with_networks()
    assert gpu["environment"]["FACELINE_DEVICE"] == "cuda"
