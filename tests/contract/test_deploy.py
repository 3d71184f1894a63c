"""The image and the manifests match the code that they deploy; kubectl renders the manifests as for a cluster."""

import json
import os
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
from config.settings import JobSettings, load_settings
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
    return dict(yaml.safe_load((ROOT / file).read_text())["services"])


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
            given |= service.get("environment", {})
    assert "FACELINE_REDIS_URL" in given
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    load_settings()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_of_this_version_and_run_roles_that_it_has(overlay: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for deployment in of_kind(overlay, "Deployment"):
        assert container(deployment)["image"] in (f"faceline:{version}", f"faceline:{version}-gpu")
        assert container(deployment)["args"][0] in ROLES


def test_the_image_runs_the_installed_package_not_the_source_tree() -> None:
    lines = [line.split(maxsplit=1) for line in (ROOT / "Dockerfile").read_text().splitlines() if line.strip()]
    instructions = [(line[0], line[1]) for line in lines if line[0] in ("WORKDIR", "COPY", "ENTRYPOINT")]
    folders = [folder for name, folder in instructions if name == "WORKDIR"]
    assert ("COPY", ". .") in instructions
    assert folders[-1] not in folders[:-1], "the last WORKDIR holds no copy of the source"
    assert json.loads(instructions[-1][1]) == ["python", "-P", "-m", "embedded.process"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_have_time_to_finish_their_work_before_they_are_killed(overlay: str) -> None:
    jobs = JobSettings()
    for deployment in of_kind(overlay, "Deployment"):
        longest = jobs.stage_deadline_s if container(deployment)["args"][0] == "worker" else jobs.sync_timeout_s
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > longest


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
    assert {one["command"][1] for one in plain.values() if "worker" in one["command"]} == set(ModelFamily)
    assert {name for name, one in scale.items() if "deploy" in one} == {*ModelFamily, "gpu"}
    assert set(scale) - {"gpu"} <= set(plain)


def test_the_gpu_profile_takes_the_families_with_networks() -> None:
    gpu = compose("deploy/compose.scale.yml")["gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert set(gpu["command"][1:]) == families_with_networks()
    assert gpu["environment"]["FACELINE_DEVICE"] == "cuda"
