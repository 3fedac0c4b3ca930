"""Numbers over time: tables cut into windows to forecast from, and labelled series."""
