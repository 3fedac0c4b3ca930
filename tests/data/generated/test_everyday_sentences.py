"""What a person types first at a model of the embedded texts: everyday sentences, which it answers rightly."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from seqmodels.cells import GRUCell
from seqmodels.data import LabelledTextData
from seqmodels.data.generated.headlines import headlines
from seqmodels.data.generated.messages import messages
from seqmodels.data.generated.reviews import reviews
from seqmodels.layers import TokenEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.layers.pooling import Max
from seqmodels.mappings import ManyToOne
from seqmodels.objectives import Classification
from seqmodels.runs import Run

REVIEWS = {
    "positive": """a good film / I loved it / this was great / not bad at all / the acting was wonderful / very funny
        / one of the best movies of the year / I really enjoyed this movie / a masterpiece / highly recommended
        / it was not boring / I laughed a lot / a beautiful story / what a great movie / we liked it
        / I would watch it again / amazing / well worth watching / the music was lovely / I was not disappointed""",
    "negative": """a bad film / I hated it / this was terrible / not good / the acting was awful / very boring
        / the worst movie I have ever seen / I did not like it / a waste of time / I fell asleep / not funny at all
        / I want my money back / a stupid story / what a terrible movie / we disliked it / do not watch it
        / poor script and bad acting / I would not recommend it / the ending was disappointing / a complete mess""",
}
MESSAGES = {
    "spam": """win a free phone / you have won a prize / claim your free holiday / click here for your gift card
        / congratulations, you won a car / call now to claim your prize / free ticket, reply yes / cash prize waiting
        / your account is locked, click here / make money fast""",
    "ham": """see you tomorrow / are you free tonight / I will be late / can you call me / happy birthday
        / where are you / shall we have lunch / I am on my way / thank you for the book / how are you""",
}
HEADLINES = {
    "business": "Shares fall again / The company cuts jobs / Bank reports a loss / House prices rise",
    "culture": "New film wins a prize / The singer goes on tour / Museum opens an exhibition / Writer publishes a book",
    "politics": "The government raises taxes / President resigns / Voters reject the budget / Party wins the election",
    "science": "Scientists discover a planet / New vaccine works / Researchers test a robot / A comet is discovered",
    "sport": "Striker scores twice / The team wins the match / Champion loses the final / Goalkeeper is injured",
}


@pytest.mark.slow
@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize(
    ("generate", "sentences", "epochs"),
    [(reviews, REVIEWS, 2), (messages, MESSAGES, 2), (headlines, HEADLINES, 1)],
    ids=["reviews", "messages", "headlines"],
)
def test_nine_of_ten_are_answered_rightly(generate: Callable[..., Any], sentences: dict[str, str], epochs: int) -> None:
    data = LabelledTextData(path=None, generate=generate, batch_size=64, seed=1)
    data.setup()
    embedding = TokenEmbedding(data.spec.input_size, 32, padding_index=data.spec.padding_index)
    layers = recurrent_stack(GRUCell, 32, 64)
    objective = Classification(data.spec)
    mapping = ManyToOne(
        embedding=embedding,
        layers=layers,
        head=Head(64, objective.output_size, pooling=Max(layers)),
        objective=objective,
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
    )
    trainer = pl.Trainer(
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )
    trainer.fit(mapping, data)
    run = Run(mapping)
    expected = [(text.strip(), label) for label, texts in sentences.items() for text in texts.split("/")]
    wrong = [text for text, label in expected if run.predict(text)[0].label != label]
    assert len(wrong) <= len(expected) / 10, wrong
    unknown = {word for text, _ in expected for word in run.unknown_words(text).words}
    assert len(unknown) <= 4, unknown
