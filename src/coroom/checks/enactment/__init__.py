"""Small Python programs acted out, without running them: an interpreter that can reach nothing outside of itself."""
