"""What pages and exports read: lists that go on from where the page before ended, never by counting rows."""
