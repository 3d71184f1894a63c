"""The rotation of faces that services get from callers: from their points, or by a vote where they have boxes only."""

from collections.abc import Sequence

from config.options import ServiceOptions
from models.imaging.quarters import Quarter
from models.networks.face_quarter import FaceQuarterVote
from models.networks.yunet import YuNet
from models.runtime.session import SessionSource
from models.service import Face


class FaceQuarters:
    """Says by which quarter turn each face is rotated.

    Without the option `turned_photos`, a face with a box only counts as upright.
    """

    model = YuNet.model

    def __init__(self, sessions: SessionSource, options: ServiceOptions) -> None:
        self._votes = FaceQuarterVote(YuNet(sessions(YuNet.model))) if options.turned_photos else None

    def of(self, faces: Sequence[Face]) -> list[Quarter]:
        """The quarter turn of each face.

        Raises:
            ModelError: the engine failed.
        """
        known = [face.quarter for face in faces]
        bare = [face for face, quarter in zip(faces, known, strict=True) if quarter is None]
        votes = self._votes.vote([face.image for face in bare], [face.bbox for face in bare]) if self._votes else []
        voted = iter([vote.quarter for vote in votes] or [0] * len(bare))
        return [next(voted) if quarter is None else quarter for quarter in known]
