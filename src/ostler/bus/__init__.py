"""Events to everyone who listens, commands to whoever holds the station."""
