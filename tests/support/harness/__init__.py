"""What tests that go through the whole house share: a gateway with its store, stations, schemas, a server."""
