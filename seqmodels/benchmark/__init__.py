"""How fast we are: every engine against torch.nn, in one process, equal results first."""
