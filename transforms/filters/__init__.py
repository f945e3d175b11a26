"""Filters of sentence pairs: measure a pair once (`signals`), judge it by the measurements (`rules`)."""
