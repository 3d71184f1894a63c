"""`WebhookRules`: whether a caller may have a webhook."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.webhooks.targets import TargetRefused, Targets
from jobs.webhooks.webhook import Webhook
from pipelines.errors import Detail, InvalidSample


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """Checks webhooks when they are submitted. Their targets are checked again before each attempt.

    Attributes:
        targets: that are allowed.
        has_secret: whether the messages of an owner can be signed; asks the store.
        enabled: whether the deployment sends messages.
    """

    targets: Targets
    has_secret: Callable[[str | None], bool]
    enabled: bool = True

    def check(self, webhook: Webhook, owner: str | None) -> None:
        """Check the webhook of an owner's job or batch.

        Raises:
            InvalidSample: the deployment does not send it, its URL is not allowed, or no secret signs its messages.
            StorageError: the store does not answer.
        """
        if not self.enabled:
            message = "this deployment calls no webhooks: ask for the job with `wait` instead"
            raise InvalidSample([Detail(loc=["webhook"], msg=message, type="unsupported")])
        try:
            self.targets.check_url(webhook.url)
        except TargetRefused as error:
            raise InvalidSample([Detail(loc=["webhook", "url"], msg=str(error), type="url_refused")]) from error
        if not self.has_secret(owner):
            command = "FACELINE_WEBHOOKS__SECRET" if owner is None else f"`faceline webhooks create {owner}`"
            message = f"no secret signs the messages of this caller: the operator sets one with {command}"
            raise InvalidSample([Detail(loc=["webhook"], msg=message, type="secret_missing")])
