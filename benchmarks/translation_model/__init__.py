"""A small Transformer from English to Spanish, trained from scratch: the neural model that engines are tested with."""
