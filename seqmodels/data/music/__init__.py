"""Music: MIDI files, chords step by step, melodies note by note."""
