"""The database: tables, statements, migrations and the one writer. The only place with SQL."""
