"""What a deployment chooses for its services."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Choices that services are built with.

    Attributes:
        turned_photos: whether people on their side or upside down are looked for.
    """

    turned_photos: bool = True


DEFAULT_OPTIONS = ServiceOptions()
