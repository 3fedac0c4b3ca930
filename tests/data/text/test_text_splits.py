"""The cut: equal texts together, classes in their shares, the seed decides."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.text.text_splits import cut

Keys = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=300)


@given(rows=Keys)
def test_equal_keys_fall_together_and_classes_have_their_shares(rows: list[tuple[int, int]]) -> None:
    keys, labels = np.array(rows, dtype=np.uint32).T
    placed = cut(keys, labels.astype(np.int32), [0.1, 0.2])
    by_key = {key: {int(place) for place in placed[keys == key]} for key in set(keys.tolist())}
    assert all(len(places) == 1 for places in by_key.values())
    first = {int(key): int(label) for key, label in reversed(rows)}
    for label in set(first.values()):
        places = [next(iter(by_key[key])) for key, of in first.items() if of == label]
        number = len(places)
        val = max(round(0.1 * number), int(number > 2))
        assert places.count(1) == val
        assert places.count(2) == max(round(0.2 * number), int(number - val > 2))


def test_the_smallest_keys_are_drawn() -> None:
    keys = np.arange(100, dtype=np.uint32)[::-1].copy()
    assert np.flatnonzero(cut(keys, np.zeros(100, np.int32), [0.1])).tolist() == list(range(90, 100))
