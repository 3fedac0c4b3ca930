import copy
import pickle

import pytest
import torch
from torchmetrics import Metric, MetricCollection

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives.text_metrics import Bleu, ExactMatch, Rouge, Texts

CORPORA = [
    (
        ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
        ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."],
    ),
    (["the the the the the the the"], ["The cat is on the mat."]),
    (["A U.S. film, made in 1999, cost $3.5 million."], ["A U.S. film made in 1999 cost $3.5 million!"]),
    (["ein Haus", "zwei kleine Hunde schlafen"], ["ein Haus", "zwei große Hunde schlafen dort"]),
]


@pytest.mark.parametrize(
    ("corpus", "percent"),
    # By sacrebleu 2.6.0, corpus_bleu with its defaults; the second and the last need its smoothing.
    list(zip(CORPORA, [23.932595221309676, 6.567274736060395, 53.7284965911771, 34.00437369472039], strict=True)),
)
def test_bleu_is_sacrebleus_figure(corpus: tuple[list[str], list[str]], percent: float) -> None:
    assert Bleu()(*corpus).item() == pytest.approx(percent, abs=1e-4)


def test_bleu_without_any_right_word_or_without_four_words_is_0_and_of_the_same_100() -> None:
    assert Bleu()(["a b c d e"], ["v w x y z"]) == 0
    assert Bleu()(["a b c"], ["a b c"]) == 0
    assert Bleu()([""], ["a b c d"]) == 0
    assert Bleu()(["a b c d e"], ["a b c d e"]).item() == pytest.approx(100)


@pytest.mark.parametrize(
    ("corpus", "expected"),
    # By rouge-score 0.1.2, without stemming, averaged over the texts.
    [
        (CORPORA[0], [0.5075757575757576, 0.2962962962962962, 0.5075757575757576]),
        (CORPORA[2], [1.0, 1.0, 1.0]),
    ],
)
def test_rouge_is_the_figure_of_rouge_score(corpus: tuple[list[str], list[str]], expected: list[float]) -> None:
    measured = Rouge()(*corpus)
    assert list(measured) == ["rouge1", "rouge2", "rougeL"]
    assert [value.item() for value in measured.values()] == pytest.approx(expected)


def test_exact_match_is_the_share_of_equal_texts() -> None:
    metric = ExactMatch()
    metric.update(["a", "b c", ""], ["a", "b  c", ""])
    metric.update(["x"], ["y"])
    assert metric.compute() == 0.5


@pytest.mark.parametrize("metric", [Bleu(), Rouge(), ExactMatch()], ids=lambda metric: type(metric).__name__)
def test_batches_are_the_corpus_and_pairs_must_match(metric: Metric) -> None:
    predicted, target = ([text for texts in side for text in texts] for side in zip(*CORPORA, strict=True))
    whole = copy.deepcopy(metric)(predicted, target)
    for one, other in zip(predicted, target, strict=True):
        metric.update([one], [other])
    torch.testing.assert_close(metric.compute(), whole)
    with pytest.raises(ValueError, match="expected as many texts as reference texts, got 2 and 1"):
        metric.update(["a", "b"], ["a"])


def test_a_collection_holds_plain_numbers_by_name() -> None:
    metrics = MetricCollection({"bleu": Bleu(), "rouge": Rouge(), "exact": ExactMatch()}).clone(prefix="val/")
    for corpus in CORPORA:
        metrics.update(*corpus)
    measured = metrics.compute()
    assert set(measured) == {"val/bleu", "val/rouge1", "val/rouge2", "val/rougeL", "val/exact"}
    assert all(value.ndim == 0 for value in measured.values())


def test_a_text_ends_at_its_end_and_shows_neither_start_nor_padding() -> None:
    words = Vocabulary.words(["a good film"], marks=True)
    a, good, film = words.encode("a good film")
    start, end = words.start_index, words.end_index
    rows = [[start, a, film, end, good], [a, 0, good, 0, 0], [end, a, a, a, a], [0] * 5, [1, film, end, 0, 0]]
    assert Texts(words.to_json()).of(torch.tensor(rows)) == ["a film", "a good", "", "", "<unk> film"]
    assert Texts(words.to_json()).of(torch.zeros(2, 0, dtype=torch.long)) == ["", ""]


def test_a_vocabulary_without_marks_has_nothing_to_leave_out() -> None:
    letters = Vocabulary.characters("ab c")
    tokens = torch.tensor([letters.encode("ab c a")])
    assert Texts(letters.to_json()).of(tokens) == ["ab c a"]


def test_texts_can_be_copied_and_sent() -> None:
    texts = Texts(Vocabulary.characters("abc", marks=True).to_json())
    tokens = torch.tensor([[4, 5, 6]])
    assert copy.deepcopy(texts).of(tokens) == pickle.loads(pickle.dumps(texts)).of(tokens) == ["abc"]
