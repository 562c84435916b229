"""One package per OCPP version: our answers and our commands in its words."""
