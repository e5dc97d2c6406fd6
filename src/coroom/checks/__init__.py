"""What judges a tree: the repository's own tests."""
