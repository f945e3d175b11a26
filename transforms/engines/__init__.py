"""Engines that translate sentences, behind one interface: what it is says `engine`."""
