"""Text: read, cut into tokens, kept on disk; labelled, tagged, paired or as one long corpus."""
