"""How often the templates of two photos say correctly whether they show one person."""

from collections.abc import Sequence

import numpy as np

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, grouped, photos
from bench.accuracy.look_alikes import FA_R
from bench.accuracy.pairs import PairCounts
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import accepted_at, verification_accuracy
from models.networks.template import decode
from models.services.template_extractor import TemplateExtractor
from models.services.verify_matcher import Verification, VerifyMatcher

FOLDER = "verification"
_RATES = (1e-2, 1e-3)
# All distances (1 - cosine) that are possible.
_THRESHOLDS = np.linspace(0, 2, 20001)


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures per subset: TAR at FAR, accuracy by the protocol of LFW, and the rates at the calibration's thresholds.

    A pair with a face that is not found counts as rejected.
    """
    labels = kit.labels(FOLDER)
    pairs = [pair for pair in kit.labels(FOLDER, "pairs.csv") if pair["suspect"] != "1"]
    involved = [*photos(labels), *(pair.photo(path) for pair in pairs for path in ("path1", "path2"))]
    unique = list(dict.fromkeys(involved))
    extracted = predictor.estimate(unique, TemplateExtractor)
    templates = dict(zip(unique, extracted, strict=True))
    shown = grouped(labels, "subset")
    matcher = predictor.service(VerifyMatcher)
    figures = []
    for subset, group in grouped(pairs, "subset").items():
        ends = [(templates[pair.photo("path1")], templates[pair.photo("path2")]) for pair in group]
        complete = [(first, second) for first, second in ends if first is not None and second is not None]
        answers = iter(matcher.match(complete))
        verdicts = [next(answers) if first is not None and second is not None else None for first, second in ends]
        figures += _of_pairs(subset, verdicts, [pair["same"] == "1" for pair in group])
        subset_photos = shown.get(subset, [])
        figures += _of_all(subset, subset_photos, [templates[photo] for photo in photos(subset_photos)])
    return figures


def _of_pairs(subset: str, verdicts: Sequence[Verification | None], same: Sequence[bool]) -> list[Figure]:
    likeness = np.array([-np.inf if verdict is None else -verdict.distance for verdict in verdicts])
    rates = np.array([1.0 if verdict is None else verdict.fa_r for verdict in verdicts])
    truth = np.array(same)
    genuine, impostor = likeness[truth], likeness[~truth]
    lost = [verdict is None for verdict in verdicts]
    lost_genuine = int(np.sum(np.array(lost) & truth))
    note = f"{subset}; {len(genuine)} genuine and {len(impostor)} impostor pairs"
    figures = [
        Figure(f"TAR at FAR {far:g}", accepted_at(genuine, impostor, far), len(genuine), lost_genuine, note)
        for far in _RATES
    ]
    figures.append(Figure("accuracy, ten folds", verification_accuracy(likeness, truth), len(truth), sum(lost), note))
    for far in FA_R:
        passed = rates <= far
        at = f"at the table's FAR {far:g}"
        figures += [
            Figure.share(f"genuine accepted {at}", passed[truth].tolist(), lost_genuine, note),
            Figure.share(f"impostors accepted {at}", passed[~truth].tolist(), sum(lost) - lost_genuine, note),
        ]
    return figures


def _of_all(subset: str, labels: Sequence[Label], templates: Sequence[bytes | None]) -> list[Figure]:
    """TAR at FAR over every pair of a subset's photos; photos without a face are left out."""
    known = [
        (decode(template), label["label"])
        for label, template in zip(labels, templates, strict=True)
        if template is not None and label.known("label")
    ]
    if len(known) < 2:
        return []
    counts = PairCounts.of(
        np.stack([embedding for embedding, _ in known]), [person for _, person in known], _THRESHOLDS
    )
    if not counts.genuine_pairs or not counts.impostor_pairs:
        return []
    note = f"{subset}; {counts.genuine_pairs} genuine and {counts.impostor_pairs} impostor pairs"
    figures = []
    for far in _RATES:
        within = counts.fa_r <= far
        tar = float((1 - counts.fr_r)[within].max(initial=0.0))
        figures.append(
            Figure(f"TAR at FAR {far:g}, every pair", tar, counts.genuine_pairs, templates.count(None), note)
        )
    return figures
