"""The main job: real tasks on a real repository, by several agents at once."""
