"""A model for LangChain that is a function of what it was told."""

from collections.abc import Callable, Sequence

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

Thought = tuple[str, dict[str, object]] | str
"""What a model does next: a tool and its arguments, or its last words."""


class Thinks(BaseChatModel):
    """A model that is a function of what it was told."""

    think: Callable[[Sequence[BaseMessage]], Thought]

    @property
    def _llm_type(self) -> str:
        return "thinks"

    def bind_tools(self, tools: object, **more: object) -> "Thinks":
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **more: object,
    ) -> ChatResult:
        next_step = self.think(messages)
        if isinstance(next_step, str):
            said = AIMessage(next_step)
        else:
            name, arguments = next_step
            said = AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call-{len(messages)}"}])
        return ChatResult(generations=[ChatGeneration(message=said)])
