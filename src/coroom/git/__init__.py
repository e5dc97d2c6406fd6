"""What the room does with git: look at a repository, make mirrors of it, build commits and move refs."""
