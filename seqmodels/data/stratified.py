"""A share of a list of labelled examples, drawn from each class alike."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from random import Random


def stratified(keys: Sequence[Hashable], labels: Sequence[Hashable], share: float, seed: int) -> list[bool]:
    """Draw a share of the examples, the same from each class.

    Examples of equal key stay together, so that none is both drawn and left. A class of at least three keys
    is found on both sides; from a smaller one nothing may be drawn.

    Args:
        keys: what makes two examples the same, e.g. their texts.
        labels: class of each example.
        share: what part of the examples is drawn, between 0 and 1.
        seed: of the draw.

    Returns:
        Whether each example is drawn.

    Example:
        >>> drawn = stratified("abcdef", [0, 0, 0, 1, 1, 1], share=1 / 3, seed=0)
        >>> sum(drawn[:3]), sum(drawn[3:])
        (1, 1)
    """
    classes: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for key, label in dict(zip(reversed(keys), reversed(labels), strict=True)).items():
        classes[label].append(key)
    random = Random(seed)
    drawn: set[Hashable] = set()
    for members in classes.values():
        drawn.update(random.sample(members, max(round(share * len(members)), int(len(members) > 2))))
    return [key in drawn for key in keys]
