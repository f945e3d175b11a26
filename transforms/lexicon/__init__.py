"""The lexical translation model: which words of two languages translate each other, learnt from pairs of texts."""
