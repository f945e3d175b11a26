"""SentencePiece: the sampling plan, training, encoding, export and inspection; no Beam."""
