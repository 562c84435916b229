"""The stations' sockets: who may come in, what they say, and what is ordered of them."""
