"""All settings of a deployment. A process reads them once, from the environment, and hands them to its parts."""

from config.settings.access import AccessSettings, BrowserSettings, SecretSettings
from config.settings.batches import BatchSettings
from config.settings.deployment import Settings, default_weights_dir
from config.settings.jobs import JobSettings
from config.settings.limits import LimitSettings
from config.settings.reading import load_settings, without_password
from config.settings.traces import TraceSettings
from config.settings.webhooks import WebhookSettings

__all__ = [
    "AccessSettings",
    "BatchSettings",
    "BrowserSettings",
    "JobSettings",
    "LimitSettings",
    "SecretSettings",
    "Settings",
    "TraceSettings",
    "WebhookSettings",
    "default_weights_dir",
    "load_settings",
    "without_password",
]
