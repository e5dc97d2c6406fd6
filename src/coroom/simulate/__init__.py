"""The room under a seeded scheduler: crashes, delays, late duplicates, stale holders, and checkers that know nothing of
the core. Shipped, so that whoever writes a policy or an agent can try it the same way.
"""
