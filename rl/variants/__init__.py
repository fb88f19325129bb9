"""Other ways to keep illegal migrations out than two stages of masks: a penalty, and one mask over all pairs."""
