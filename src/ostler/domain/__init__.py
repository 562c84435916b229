"""Ostler's own words: stations, connectors, transactions, tokens, commands and events. No I/O here."""
