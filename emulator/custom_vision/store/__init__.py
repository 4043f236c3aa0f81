"""What Custom Vision keeps: rows in SQLite, images and models in files."""
