"""Data: one reader per file format, each giving batches and the description of what they hold.

A name is imported when it is first used, as `__init__.pyi` says: who reads texts does not load what reads sounds.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
