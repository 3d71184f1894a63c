"""Whether a broker can be reached. Reads no settings, so that it can be asked before they are known to be right."""

from kombu.connection import Connection
from kombu.exceptions import KombuError

from broker.transport import celery_url, transport_options, use_transport
from jobs.redis.connection import reason_of


def broker_problem(url: str, within_s: float = 3.0) -> str | None:
    """Why a broker does not take a connection; None if it does.

    Args:
        url: of the broker.
        within_s: how long it is tried.
    """
    use_transport()
    connection = Connection(celery_url(url), connect_timeout=within_s, transport_options=transport_options(url))
    try:
        connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=within_s)
    except (OSError, KombuError, *connection.connection_errors) as error:
        return reason_of(error)
    finally:
        connection.release()
    return None
