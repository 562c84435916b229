"""The OCPP-J conversation without I/O, and the messages generated from the schemas of each OCPP version."""
