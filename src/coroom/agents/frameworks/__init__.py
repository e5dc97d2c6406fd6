"""Agent frameworks in a room: a thin layer for each, over the same door as every other client (docs/frameworks.md).

`participant` is an agent's connection, `seated` what the layers have in common, `brought` a process's own functions;
then one file a framework: `langgraph`, `openai_agents`, `claude_agent`. Nothing is imported before it is asked for:
each module needs the extra of its framework.
"""
