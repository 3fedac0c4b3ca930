"""What is reached by looking at which words occur, not at their order: the floor of text classification."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from seqmodels.data.text_formats import LabelledText
from seqmodels.data.vocabulary import WORD


def bag_of_words(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> float:
    """Accuracy of logistic regression on the TF-IDF weighted words of a text.

    Args:
        train: texts to train on.
        test: texts to be judged by.

    Example:
        >>> train = [LabelledText("good film", "+"), LabelledText("bad film", "-")]
        >>> bag_of_words(train, [LabelledText("a good one", "+"), LabelledText("not good", "-")])
        0.5
    """
    model = make_pipeline(TfidfVectorizer(token_pattern=WORD), LogisticRegression(C=10, max_iter=1000))
    model.fit([text.text for text in train], [text.label for text in train])
    return float(model.score([text.text for text in test], [text.label for text in test]))
