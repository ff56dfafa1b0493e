"""The only room that speaks SQL: tables, statements, database runners and migrations."""
