import pytest

from jobs.webhooks.rules import WebhookRules
from jobs.webhooks.targets import Targets
from jobs.webhooks.webhook import Webhook
from pipelines.errors import InvalidSample

PUBLIC = Webhook(url="https://receiver.example/", events=())
PRIVATE = Webhook(url="https://10.0.0.1/?token=hush", events=())


def rules(*, enabled: bool = True) -> WebhookRules:
    return WebhookRules(Targets(), lambda owner: owner == "alice", enabled)


def test_a_webhook_whose_messages_can_be_signed_and_sent_is_allowed() -> None:
    rules().check(PUBLIC, "alice")


@pytest.mark.parametrize(
    ("asked", "webhook", "owner", "error"),
    [
        (rules(enabled=False), PUBLIC, "alice", "unsupported"),
        (rules(), PRIVATE, "alice", "url_refused"),
        (rules(), PUBLIC, "bob", "secret_missing"),
        (rules(), PUBLIC, None, "secret_missing"),
    ],
)
def test_other_webhooks_are_refused_and_the_error_does_not_show_the_url(
    asked: WebhookRules, webhook: Webhook, owner: str | None, error: str
) -> None:
    with pytest.raises(InvalidSample) as refused:
        asked.check(webhook, owner)
    assert [detail["type"] for detail in refused.value.details] == [error]
    assert "hush" not in str(refused.value.details)
