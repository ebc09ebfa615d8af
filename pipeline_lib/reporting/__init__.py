"""What people look at: figures, tables, the report page, and where every number came from."""
