"""What happens: plain functions of a database connection."""
