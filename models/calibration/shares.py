"""`balanced`: shifts a confidence so that the threshold of its network becomes 0.5."""


def balanced(share: float, threshold: float) -> float:
    """Move the odds of a share in [0, 1] so that a threshold in ]0, 1[ becomes one half; 0 and 1 do not change.

    Odds change by this rule when one answer becomes more or less frequent (Saerens, Latinne, Decaestecker:
    "Adjusting the outputs of a classifier to new a priori probabilities", Neural Computation 2002).
    """
    yes, no = share * (1 - threshold), (1 - share) * threshold
    return yes / (yes + no)
