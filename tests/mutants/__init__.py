"""Files and profiles with changes that nobody meant: each is read or refused, and nothing in it is lost without a word."""
