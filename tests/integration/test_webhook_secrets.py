"""The secrets of webhooks as an operator handles them, with the command."""

import os
import subprocess

import pytest
from standardwebhooks.webhooks import Webhook

from access.webhook_secrets import WebhookSecrets
from jobs.redis.connection import connect
from jobs.redis.encryption import PLAIN
from tests.integration.test_up import FACELINE


def faceline(server_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FACELINE_REDIS_URL": server_url}
    command = [*FACELINE, "webhooks", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def secrets(server_url: str) -> WebhookSecrets:
    client = connect(server_url, patience_s=1)
    client.flushdb()  # type: ignore[attr-defined]
    return WebhookSecrets(client, PLAIN)


def test_a_secret_is_created_rotated_and_revoked(server_url: str, secrets: WebhookSecrets) -> None:
    old = faceline(server_url, "create", "alice").stdout.strip()
    new = faceline(server_url, "rotate", "alice", "--grace", "1h").stdout.strip()
    assert secrets.of("alice") == (old, new)
    assert faceline(server_url, "revoke", "alice").stdout == "revoked: the secrets of alice\n"
    assert secrets.of("alice") == ()


def test_what_cannot_be_done_ends_with_a_sentence(server_url: str, secrets: WebhookSecrets) -> None:
    refused = faceline(server_url, "rotate", "alice")
    assert refused.returncode != 0
    assert "faceline webhooks create alice" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr


def test_a_generated_secret_is_one_of_the_library(server_url: str) -> None:
    Webhook(faceline(server_url, "generate").stdout.strip())
