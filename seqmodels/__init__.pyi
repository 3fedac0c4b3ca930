from . import cells as cells
from . import layers as layers
from .freed_memory import keep_freed_memory as keep_freed_memory
from .layers.bidirectional import Bidirectional as Bidirectional
from .layers.drop_in import GRU as GRU
from .layers.drop_in import LSTM as LSTM
from .layers.drop_in import RNN as RNN
from .layers.drop_in_cells import GRUCell as GRUCell
from .layers.drop_in_cells import LSTMCell as LSTMCell
from .layers.drop_in_cells import RNNCell as RNNCell
from .layers.recurrent import Recurrent as Recurrent
from .layers.scan import scan as scan
from .layers.stack import Stack as Stack
from .layers.stack import recurrent_stack as recurrent_stack
from .runs import load as load

__version__: str
