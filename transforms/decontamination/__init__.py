"""Decontamination: no text of a test set is trained on.

`sets` says which test sets there are and reads them, `items` makes one table of what is in them, `index` what a text is
held against, `search` finds items in texts, `screen` does so for the texts of one language, `report` lists what was
found where.
"""
