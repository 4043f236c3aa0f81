"""From the syntax tree to SQL: types are known of every part, so a wrong one is told before anything runs."""
