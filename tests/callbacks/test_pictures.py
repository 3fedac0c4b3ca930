"""Pictures with what is said about them."""

# ruff: noqa: ARG002 (a stand-in has the arguments it is called with)

import io
from functools import partial
from pathlib import Path

import matplotlib.image
import pytest
import torch
from matplotlib.figure import Figure

from seqmodels.callbacks import Pictures
from seqmodels.callbacks.pictures import RIGHT, WRONG, Said, draw_pictures
from seqmodels.cells import GRUCell
from seqmodels.data import LabelledImagesData, Vocabulary
from seqmodels.data.generated.glyphs import digits
from seqmodels.layers import ImageEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import OneToOne
from seqmodels.objectives import Classification, Generation
from seqmodels.objectives.text_metrics import ExactMatch
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")

CLASSES = Classification(
    DataSpec("images", 1, 3, classes=("cat", "dog", "cow"), shape=(1, 4, 4), raw={"mean": 0.5, "std": 0.25})
)
WORDS = Vocabulary.words(["a red circle left of a blue square"], marks=True)
CAPTIONS = Generation(
    DataSpec("images", 3, len(WORDS), target_vocabulary=WORDS.to_json(), raw={"mean": 0.0, "std": 1.0}),
    metrics={"exact": ExactMatch()},
)


class Drawn:
    """Stands for a TensorBoard writer and keeps what is drawn."""

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}

    def add_figure(self, tag: str, figure: Figure, step: int, *, close: bool) -> None:
        self.figures[tag] = figure


def labels(figure: Figure) -> list[tuple[str, str]]:
    """Text and colour below each picture."""
    below = [panel.xaxis.label for panel in figure.axes if panel.images]
    return [(text.get_text(), str(text.get_color())) for text in below]


def seen(classes: list[int], said: list[int], num_pictures: int = 4) -> Figure:
    view, drawn = Pictures(num_pictures), Drawn()
    view.begin(CLASSES)
    inputs = torch.arange(len(classes)).float().view(-1, 1, 1, 1, 1).expand(-1, 1, 1, 4, 4)
    batch = Batch(inputs, torch.tensor(classes), torch.ones(len(classes), dtype=torch.long))
    output = torch.nn.functional.one_hot(torch.tensor(said), 3).float()
    view.look(CLASSES, batch, output, torch.ones(len(said), dtype=torch.bool))
    view.show(CLASSES, drawn, "val", 0)  # type: ignore[arg-type]
    return drawn.figures["pictures/val"]


def test_wrong_answers_are_red_and_say_the_truth() -> None:
    figure = seen([0, 1, 2, 0], [0, 1, 0, 2])
    assert labels(figure) == [("cat, not cow", WRONG), ("cow, not cat", WRONG), ("cat", RIGHT), ("dog", RIGHT)]
    assert figure.get_suptitle() == "2 of 4 wrong"


@pytest.mark.parametrize(
    ("said", "num_wrong"), [([0] * 20, 0), ([0] * 19 + [1], 1), ([1] * 20, 8), ([0] * 2 + [1] * 18, 6)]
)
def test_half_of_the_places_are_for_the_wrong_ones(said: list[int], num_wrong: int) -> None:
    colours = [colour for _, colour in labels(seen([0] * 20, said, num_pictures=8))]
    assert colours == [WRONG] * num_wrong + [RIGHT] * (8 - num_wrong)


def test_pictures_look_as_before_they_were_standardised() -> None:
    figure = seen([0, 0, 0], [0, 0, 0], num_pictures=3)
    shown = [panel.images[0].get_array() for panel in figure.axes if panel.images]
    assert [float(picture.mean()) for picture in shown] == [0.5, 0.75, 1.0]


def test_of_a_film_the_middle_frame_is_shown() -> None:
    view, drawn = Pictures(2), Drawn()
    view.begin(CLASSES)
    film = torch.arange(5).float().view(1, 5, 1, 1, 1).expand(-1, -1, 1, 4, 4) / 4
    view.look(CLASSES, Batch(film, torch.tensor([0]), torch.tensor([3])), torch.eye(3)[:1], torch.tensor([True]))
    view.show(CLASSES, drawn, "test", 0)  # type: ignore[arg-type]
    (picture,) = [panel.images[0].get_array() for panel in drawn.figures["pictures/test"].axes if panel.images]
    assert float(picture.mean()) == pytest.approx(0.5 + 0.25 * 0.25)


def test_captions_are_shown_as_text() -> None:
    view, drawn = Pictures(4), Drawn()
    view.begin(CAPTIONS)
    end = WORDS.end_index
    targets = torch.tensor([[*WORDS.encode("a red circle"), end], [*WORDS.encode("a blue square"), end]])
    said = targets.clone()
    said[1, 1] = WORDS.encode("red")[0]
    batch = Batch(torch.rand(2, 1, 3, 4, 4), targets, torch.ones(2, dtype=torch.long), torch.tensor([4, 4]))
    view.look(CAPTIONS, batch, said, torch.ones(2, 4, dtype=torch.bool))
    view.show(CAPTIONS, drawn, "test", 0)  # type: ignore[arg-type]
    assert labels(drawn.figures["captions/test"]) == [
        ("a red square, not a blue square", WRONG),
        ("a red circle", RIGHT),
    ]


def test_long_captions_are_broken_and_silence_is_named() -> None:
    long = "a small red circle right of a small yellow triangle above a small blue square"
    picture = torch.rand(3, 8, 8)
    figure = draw_pictures([Said(picture, long, long), Said(picture, "", "a")], "", num_columns=4)
    assert labels(figure)[0][0].count("\n") >= 2
    assert labels(figure)[1][0].startswith("nothing")


def test_at_least_one_picture() -> None:
    with pytest.raises(ValueError, match=r"^num_pictures must be at least 1, got 0$"):
        Pictures(0)


def test_pictures_are_in_the_run(tmp_path: Path) -> None:
    data = LabelledImagesData(path=None, generate=partial(digits, size=14, count=96), batch_size=16)
    data.setup()
    embedding = ImageEmbedding(data.spec.shape, 8)
    layers = recurrent_stack(GRUCell, 8, 8)
    mapping = OneToOne(
        embedding,
        layers,
        Head(8, 10),
        Classification(data.spec),
        partial(torch.optim.Adam, lr=0.01),  # type: ignore[arg-type]
    )
    trainer = tiny.trainer(tmp_path, [Pictures()], max_epochs=1)
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    events = tiny.events(tmp_path)
    assert set(events.Tags()["images"]) == {"pictures/val", "pictures/test"}
    image = matplotlib.image.imread(io.BytesIO(events.Images("pictures/test")[0].encoded_image_string))
    assert image.std() > 0.01
