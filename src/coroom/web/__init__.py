"""The live page: who is here, who holds what, what happened, what conflicts, what landed, what needs a person."""
