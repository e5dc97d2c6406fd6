"""What each command would make happen, one file a subject. Pure: a decision is a value."""
