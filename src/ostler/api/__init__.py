"""REST, live events, exports, login and the web pages."""
