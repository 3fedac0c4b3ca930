"""Pictures and films: drawn, read from files, labelled or captioned."""
