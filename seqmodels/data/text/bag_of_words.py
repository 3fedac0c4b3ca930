"""What is reached by looking at which words occur, not at their order: the baseline of text classification."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

from seqmodels.data.text.formats import LabelledText
from seqmodels.data.vocabulary import WORD


def bag_of_words(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> dict[str, float]:
    """What logistic regression on the TF-IDF weighted words of a text reaches.

    Args:
        train: texts to train on.
        test: texts to be judged by.

    Returns:
        `accuracy`; `f1`, the mean over the classes of the training texts; of two classes also `f1_<class>` for each.

    Example:
        >>> train = [LabelledText("good film", "+"), LabelledText("bad film", "-")]
        >>> bag_of_words(train, [LabelledText("a good one", "+"), LabelledText("not good", "-")])["accuracy"]
        0.5
    """
    model = make_pipeline(TfidfVectorizer(token_pattern=WORD), LogisticRegression(C=10, max_iter=1000))
    model.fit([text.text for text in train], [text.label for text in train])
    predicted, actual = model.predict([text.text for text in test]), [text.label for text in test]
    f1 = f1_score(actual, predicted, labels=model.classes_, average=None, zero_division=0)
    by_class = {f"f1_{name}": float(score) for name, score in zip(model.classes_, f1, strict=True)}
    averages = {"accuracy": float(accuracy_score(actual, predicted)), "f1": float(f1.mean())}
    return averages | (by_class if len(by_class) == 2 else {})
