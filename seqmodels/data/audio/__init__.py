"""Recordings: heard as log-mel features; labelled or transcribed."""
