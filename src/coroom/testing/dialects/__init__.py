"""The wire formats of model providers: each module reads a request into a conversation and writes a reply."""
