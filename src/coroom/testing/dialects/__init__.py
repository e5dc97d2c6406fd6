"""The wire formats of model providers: each module reads a request into a conversation and writes a reply: `anthropic`,
`responses` and `chat` (both OpenAI's), `gemini`, with what they share in `transcript`.
"""
