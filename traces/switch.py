"""`start_traces`: switches the traces of a process on, if the settings say so."""

from config.errors import InvalidSetting
from config.settings import TraceSettings
from traces.spans import record_with


def start_traces(settings: TraceSettings, process: str) -> None:
    """Record the spans of this process from now on, if the settings name a collector.

    Args:
        settings: of traces.
        process: the role of this process, such as "worker".

    Raises:
        InvalidSetting: the packages of the extra `traces` are missing.
    """
    if settings.endpoint is None:
        return
    try:
        from traces.export import exporting_recorder
    except ImportError as error:
        raise InvalidSetting("FACELINE_TRACES__ENDPOINT needs: pip install 'faceline[traces]'") from error
    record_with(exporting_recorder(settings, process))
