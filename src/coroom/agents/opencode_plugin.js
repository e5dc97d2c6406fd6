// Coroom's hooks inside OpenCode. It asks the room before a tool that may change something, and shows the model
// what the room has to say after any tool. A room that does not answer in time means no change. Without COROOM_TOKEN
// the agent is in no room, and the plugin does nothing.

const LIMIT_MS = 4000
const WITHOUT_EFFECT = new Set(["glob", "grep", "list", "skill", "task", "todoread", "todowrite", "webfetch", "websearch"])

const ask = async (moment, body) => {
  const response = await fetch(`${process.env.COROOM_URL}/hooks/opencode/${moment}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.COROOM_TOKEN}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  })
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  return await response.json()
}

const askOrNothing = async (moment, body) => {
  try {
    return await ask(moment, body)
  } catch {
    return {}
  }
}

const context = (reply) => reply.hookSpecificOutput?.additionalContext

export const Coroom = async ({ directory }) => {
  if (!process.env.COROOM_TOKEN) return {}
  let opening
  const running = new Map()
  const event = (input, more) => ({ session_id: input.sessionID, cwd: directory, tool_name: input.tool, ...more })
  return {
    "experimental.chat.system.transform": async (input, output) => {
      opening ??= context(await askOrNothing("start", { session_id: input.sessionID, cwd: directory }))
      if (opening) output.system.push(opening)
    },
    "tool.execute.before": async (input, output) => {
      if (WITHOUT_EFFECT.has(input.tool) || input.tool.startsWith("coroom_")) return
      let reply
      try {
        reply = await ask("before", event(input, { tool_input: output.args }))
      } catch (fault) {
        throw new Error(
          `The room that coordinates this repository could not be asked (${fault.message}), so nothing may be changed ` +
            "now. Wait a moment and try again; if it stays silent, stop and tell the user to run `coroom up`.",
        )
      }
      const decided = reply.hookSpecificOutput ?? {}
      if (decided.permissionDecision === "deny") throw new Error(decided.permissionDecisionReason)
      running.set(input.callID, event(input, { tool_input: output.args }))
    },
    "tool.execute.after": async (input, output) => {
      running.delete(input.callID)
      const reply = await askOrNothing("after", event(input, { tool_input: input.args, tool_response: output.output }))
      const news = context(reply)
      if (news && typeof output.output === "string") output.output += `\n\n${news}`
      else if (news && Array.isArray(output.content)) output.content.push({ type: "text", text: news })
    },
    // A call that fails has no "after"; the room would wait for its end.
    event: async ({ event: told }) => {
      const part = told.type === "message.part.updated" ? told.properties.part : undefined
      const begun = part?.type === "tool" && part.state.status === "error" ? running.get(part.callID) : undefined
      if (begun === undefined) return
      running.delete(part.callID)
      await askOrNothing("failed", begun)
    },
  }
}
