"""One workflow definition on its own: loaded from a file, run on answers from a mock file, told as a tree."""
