"""How often two photos of one person are told from photos of two."""

from collections.abc import Sequence

import numpy as np

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, grouped, photos
from bench.accuracy.pairs import PairCounts
from bench.accuracy.statistics import accepted_at, verification_accuracy
from models.networks.template import decode
from models.services.template_extractor import TemplateExtractor
from models.services.verify_matcher import Verification, VerifyMatcher

TASK = "verification"
_RATES = (1e-2, 1e-3)
_STEPS = np.linspace(0, 2, 20001)


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Per subset: TAR at FAR, accuracy in the way of LFW, and what the table's own thresholds amount to.

    A pair with a face that was not found counts as rejected.
    """
    labels = kit.labels(TASK)
    pairs = [pair for pair in kit.labels(TASK, "pairs.csv") if pair["suspect"] != "1"]
    involved = [*photos(labels), *(pair.photo(path) for pair in pairs for path in ("path1", "path2"))]
    unique = list(dict.fromkeys(involved))
    extracted = examiner.judged(unique, TemplateExtractor)
    templates = dict(zip(unique, extracted, strict=True))
    shown = grouped(labels, "subset")
    matcher = examiner.service(VerifyMatcher)
    figures = []
    for subset, group in grouped(pairs, "subset").items():
        ends = [(templates[pair.photo("path1")], templates[pair.photo("path2")]) for pair in group]
        complete = [(first, second) for first, second in ends if first is not None and second is not None]
        answers = iter(matcher.match(complete))
        verdicts = [next(answers) if first is not None and second is not None else None for first, second in ends]
        figures += _of_pairs(subset, verdicts, [pair["same"] == "1" for pair in group])
        everyone = shown.get(subset, [])
        figures += _of_all(subset, everyone, [templates[photo] for photo in photos(everyone)])
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
    for far in _RATES:
        passed = rates <= far
        at = f"at the table's FAR {far:g}"
        figures += [
            Figure.share(f"genuine accepted {at}", passed[truth].tolist(), lost_genuine, note),
            Figure.share(f"impostors accepted {at}", passed[~truth].tolist(), sum(lost) - lost_genuine, note),
        ]
    return figures


def _of_all(subset: str, labels: Sequence[Label], templates: Sequence[bytes | None]) -> list[Figure]:
    """TAR at FAR over every pair of a subset's photos: many impostors, of all kinds; photos without a face are left."""
    known = [
        (decode(template), label["label"])
        for label, template in zip(labels, templates, strict=True)
        if template is not None and label.known("label")
    ]
    if len(known) < 2:
        return []
    counts = PairCounts.of(np.stack([embedding for embedding, _ in known]), [owner for _, owner in known], _STEPS)
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
