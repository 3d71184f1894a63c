"""A fake API for the tests of programs that use this client: no server, no network, no models.

    from faceline_client import Client
    from faceline_client.testing import FakeFaceline

    fake = FakeFaceline()
    with Client(transport=fake) as client:
        sample = client.analyse(b"any bytes", preset="face-analysis")

Its answers have the form of the real ones: those of one photo, recorded from a real deployment. It does not look at
photos, and does not check samples.
"""

from faceline_client.testing.fake import FakeFaceline

__all__ = ["FakeFaceline"]
