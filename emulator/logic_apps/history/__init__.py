"""What is kept on disk: workflows, runs, actions, triggers."""
