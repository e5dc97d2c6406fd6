"""The models behind the built-in agent: one port (`model`), and one file for each provider's SDK, imported when it is
used: `anthropic` and `openai`.
"""
