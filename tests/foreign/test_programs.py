"""Programs as others write them around torch.nn's layers: with ours in their place they learn the same."""

import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import seqmodels

pytestmark = [
    pytest.mark.usefixtures("_double", "_unannotated"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore:`torch.jit.\\w+` is (deprecated|not supported):DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The tensor attributes self.rnn._flat_weights:UserWarning"),
]
kinds = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
STEPS = 4


def detached(hidden):
    """The state without its history, as the word-level language models do it."""
    return hidden.detach() if isinstance(hidden, torch.Tensor) else tuple(detached(part) for part in hidden)


class LanguageModel(nn.Module):
    """Embedding, two layers with dropout, and a decoder that shares the embedding's weight."""

    def __init__(self, library, kind, size=12, width=6):
        super().__init__()
        self.drop, self.encoder = nn.Dropout(0.2), nn.Embedding(size, width)
        self.rnn = getattr(library, kind)(width, width, 2, dropout=0.2)
        self.decoder = nn.Linear(width, size)
        self.decoder.weight = self.encoder.weight

    def forward(self, tokens, hidden):
        y, hidden = self.rnn(self.drop(self.encoder(tokens)), hidden)
        return F.log_softmax(self.decoder(self.drop(y)).flatten(0, 1), dim=1), hidden

    def begin(self, batch):
        zeros = next(self.parameters()).new_zeros(2, batch, self.rnn.hidden_size)
        return (zeros, zeros) if isinstance(self.rnn, nn.LSTM) else zeros

    def losses(self):
        optimizer, text = torch.optim.SGD(self.parameters(), lr=1.0), torch.randint(12, (5 * STEPS + 1, 3))
        hidden = self.begin(3)
        for start in range(0, 5 * STEPS, 5):
            optimizer.zero_grad()
            output, hidden = self(text[start : start + 5], detached(hidden))
            loss = F.nll_loss(output, text[start + 1 : start + 6].flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 0.25)
            optimizer.step()
            yield loss.item()

    def example(self):
        return torch.randint(12, (5, 3)), self.begin(3)


class Translator(nn.Module):
    """An encoder over packed sentences, and a decoder of one step at a time that attends to them."""

    def __init__(self, library, kind, size=9, width=5):
        super().__init__()
        self.embedding = nn.Embedding(size, width)
        self.rnn = getattr(library, kind)(width, width, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * width, width)
        self.cell = getattr(library, kind + "Cell")(3 * width, width)
        self.score, self.output = nn.Linear(width, 2 * width), nn.Linear(3 * width, size)

    def forward(self, source, lengths, target):
        packed = pack_padded_sequence(self.embedding(source), lengths, batch_first=True, enforce_sorted=False)
        memory, hidden = self.rnn(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        return self.decode(memory, hidden, target, torch.arange(memory.shape[1]) >= lengths.unsqueeze(1))

    def decode(self, memory, hidden, target, padding):
        parts = hidden if isinstance(hidden, tuple) else (hidden,)
        parts = tuple(torch.tanh(self.bridge(torch.cat([part[0], part[1]], dim=1))) for part in parts)
        state, scores = parts if len(parts) > 1 else parts[0], []
        context = torch.zeros_like(memory[:, 0])
        for token in target.unbind(1):
            state = self.cell(torch.cat([self.embedding(token), context], dim=1), state)
            h = state[0] if isinstance(state, tuple) else state
            energy = (memory @ self.score(h).unsqueeze(2)).squeeze(2).masked_fill(padding, -torch.inf)
            context = (energy.softmax(1).unsqueeze(1) @ memory).squeeze(1)
            scores.append(self.output(torch.cat([h, context], dim=1)))
        return torch.stack(scores, dim=1)

    def losses(self):
        optimizer, lengths = torch.optim.Adam(self.parameters(), lr=0.01), torch.tensor([3, 6, 2, 6])
        source, target = torch.randint(9, (4, 6)), torch.randint(9, (4, 5))
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = F.cross_entropy(self(source, lengths, target[:, :-1]).transpose(1, 2), target[:, 1:])
            loss.backward()
            optimizer.step()
            yield loss.item()


class Policy(nn.Module):
    """A recurrent policy: one step at a time while it acts, the whole episode with resets while it learns."""

    def __init__(self, library, kind, observed=4, width=6):
        super().__init__()
        self.encoder, self.rnn = nn.Linear(observed, width), getattr(library, kind)(width, width)
        self.actor, self.critic = nn.Linear(width, 3), nn.Linear(width, 1)

    def begin(self, batch):
        zeros = self.actor.weight.new_zeros(1, batch, self.rnn.hidden_size)
        return (zeros, zeros) if isinstance(self.rnn, nn.LSTM) else zeros

    def forward(self, observation, hidden):
        y, hidden = self.rnn(torch.tanh(self.encoder(observation)), hidden)
        return self.actor(y).log_softmax(-1), self.critic(y).squeeze(-1), hidden

    def reset(self, hidden, done):
        keep = (1.0 - done).view(1, -1, 1)
        return tuple(keep * part for part in hidden) if isinstance(hidden, tuple) else keep * hidden

    def losses(self):
        optimizer = torch.optim.RMSprop(self.parameters(), lr=0.01)
        hidden = self.begin(2)
        for _ in range(STEPS):
            observed, rewards, done = torch.randn(6, 2, 4), torch.randn(6, 2), torch.rand(6, 2).lt(0.3).double()
            start, actions = detached(hidden), []
            hidden = start
            with torch.no_grad():
                for x, over in zip(observed, done, strict=True):
                    log_p, _, hidden = self(x.unsqueeze(0), self.reset(hidden, over))
                    actions.append(log_p.argmax(-1).squeeze(0))
            again, loss = start, 0.0
            for x, over, action, reward in zip(observed, done, actions, rewards, strict=True):
                log_p, value, again = self(x.unsqueeze(0), self.reset(again, over))
                advantage = reward - value.squeeze(0)
                chosen = log_p.squeeze(0).gather(1, action.unsqueeze(1)).squeeze(1)
                loss = loss + (advantage.square() - chosen * advantage.detach()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()

    def example(self):
        return torch.randn(5, 2, 4), self.begin(2)


programs = pytest.mark.parametrize("program", [LanguageModel, Translator, Policy])


def built(program, library, kind, seed=0):
    torch.manual_seed(seed)
    return program(library, kind).double()


@programs
@kinds
def test_learns_the_same(program, kind):
    found = []
    for library in (nn, seqmodels):
        model = built(program, library, kind)
        torch.manual_seed(1)
        found.append(list(model.losses()))
    assert len(set(found[0])) == STEPS
    torch.testing.assert_close(torch.tensor(found[1]), torch.tensor(found[0]), rtol=1e-9, atol=0)


@programs
@kinds
@pytest.mark.parametrize("libraries", [(nn, seqmodels), (seqmodels, nn), (seqmodels, seqmodels)])
def test_goes_on_from_a_file(program, kind, libraries):
    """What one library has learnt, the other reads and goes on with."""
    first, second = built(program, libraries[0], kind), built(program, libraries[1], kind, seed=7)
    list(first.losses())
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True), strict=True)
    torch.manual_seed(2)
    expected = list(first.losses())
    torch.manual_seed(2)
    torch.testing.assert_close(torch.tensor(list(second.losses())), torch.tensor(expected), rtol=1e-9, atol=0)


def recorded(model, example):
    return torch.jit.trace(model, example, check_trace=False)


def exported(model, example):
    return torch.export.export(model, example).module()


@pytest.mark.parametrize("program", [LanguageModel, Policy])
@pytest.mark.parametrize("record", [recorded, exported])
@kinds
def test_is_recorded_as_it_computes(program, kind, record):
    model = built(program, seqmodels, kind).eval()
    with torch.no_grad():
        example = model.example()
        found, expected = record(model, example)(*example), built(program, nn, kind).eval()(*example)
    torch.testing.assert_close(found, expected)
