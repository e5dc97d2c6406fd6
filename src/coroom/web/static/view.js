// The room as it stands, into the page's lists and tables.

import { $, clock, fill, h, hue, short, span, who } from "./dom.js";
import { graph } from "./graph.js";

const NEEDS = {
  question: ["?", "Question"],
  held: ["≠", "Held edit"],
  silent: ["…", "Silent"],
  paused: ["‖", "Paused"],
  verdict: ["✗", "Failing"],
  landings: ["⚑", "Landings held"],
  fenced: ["▦", "Fenced"],
};
const STATES = { active: ["●", "active"], paused: ["‖", "paused"], left: ["○", "left"] };
const TASK_SIGNS = { open: "○", taken: "◐", done: "✓", cancelled: "–" };

function spent(agent) {
  const short = (count) => (count < 1000 ? `${count}` : count < 1e6 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`);
  const money = agent.cost_micro_usd ? ` · $${(agent.cost_micro_usd / 1e6).toFixed(2)}` : "";
  return `${short(agent.input_tokens)} in, ${short(agent.output_tokens)} out${money}`;
}

/** `acts` has say, answer, release, pause, resume, drop, lift, hold, file, held: what the buttons do. */
export class View {
  constructor(acts) {
    this.acts = acts;
    this.page = null;
    this.got = 0;
    this.still = false;
  }

  /** Show a page. `still`: it is a moment of the past, whose clocks stand. */
  show(page, still) {
    this.page = page;
    this.still = still;
    this.got = performance.now();
    page.roster.forEach((agent) => hue(agent.name));
    this.head();
    fill($("needs-list"), page.needs, (need) => `${need.kind} ${need.id}`, (need) => this.need(need), "Nothing needs you.");
    const standing = page.roster.map(({ silent_ms, unread, ...rest }) => rest);
    fill($("roster"), standing, (agent) => agent.name, (agent) => this.agent(agent), "Nobody yet. coroom join brings an agent in.");
    const held = page.claims.map(({ left_ms, ...rest }) => rest);
    fill($("claims"), held, (claim) => claim.claim, (claim) => this.claim(claim), "Nobody holds anything.");
    fill($("conflicts"), [...page.held, ...page.findings], (one) => one.id, (one) => this.conflict(one), "No conflict is open.");
    this.landed();
    fill($("tasks"), page.tasks, (task) => task.id, (task) => this.task(task), "The board is empty.");
    graph(page.tasks);
    this.to();
    this.tick();
  }

  now() {
    return this.page.room.now_ms + (this.still ? 0 : performance.now() - this.got);
  }

  head() {
    const { room } = this.page;
    $("room").textContent = room.name;
    document.title = `${this.page.needs.length ? `(${this.page.needs.length}) ` : ""}${room.name} · Coroom`;
    const all = Object.values(room.tasks).reduce((sum, count) => sum + count, 0) - room.tasks.cancelled;
    const facts = [
      [room.repository, ""],
      [`policy ${room.policy}`, ""],
      [`${room.present} ${room.present === 1 ? "agent" : "agents"}`, ""],
      [`${room.tasks.done} of ${all} tasks done`, ""],
      [room.landings_held ? "landings held" : "", "bad"],
      [room.closed ? "closed" : "", "bad"],
    ];
    fill($("facts"), facts.filter(([text]) => text), ([text]) => text, ([text, kind]) => h("li", { class: kind || null }, text));
  }

  need(need) {
    const [sign, word] = NEEDS[need.kind] ?? ["!", need.kind];
    const { acts } = this;
    const buttons = {
      question: [this.button("answer", "Answer", `${need.agent}: ${need.text}`, () => acts.answer(need))],
      held: [this.button("held", "Compare", need.text, () => acts.held(need.id)), this.button("drop", "Drop", need.text, () => acts.drop(need.id))],
      silent: [this.button("say", "Ask", need.agent, () => acts.say(need.agent))],
      paused: [this.button("resume", "Resume", need.agent, () => acts.resume(need.agent), need.kind)],
      verdict: [],
      fenced: [this.button("lift", "Lift the fence", need.text, () => acts.lift(need.id))],
      landings: [this.button("let-land", "Let land again", "", () => acts.hold())],
    };
    return h(
      "li",
      { class: `need ${need.kind}`, tabindex: "-1", "data-row": "" },
      h("span", { class: "sign", "aria-hidden": "true" }, sign),
      h("b", {}, word),
      h("span", { class: "text" }, need.kind === "question" || need.kind === "held" ? [who(need.agent), " "] : "", need.text),
      h("span", { class: "acts" }, buttons[need.kind] ?? []),
    );
  }

  // Who only hears the page is told what a button is about: many are called the same.
  button(act, label, about, run, key = null) {
    const write = act !== "held" && act !== "file";
    const name = about ? `${label} ${about}` : null;
    return h("button", { type: "button", "data-act": act, "data-write": write, "data-keyed": key, "aria-label": name, onclick: run }, label);
  }

  agent(agent) {
    const [sign, word] = STATES[agent.presence];
    const { acts } = this;
    const paused = agent.presence === "paused";
    const here = agent.presence !== "left";
    return h(
      "tr",
      { tabindex: "-1", "data-row": "", "data-agent": agent.name, class: agent.presence },
      h("th", { scope: "row" }, who(agent.name), h("small", {}, [agent.role, agent.client].filter(Boolean).join(" · "))),
      h("td", { class: "state" }, h("span", { "aria-hidden": "true" }, sign), ` ${word}`),
      h("td", { class: "doing" }, this.doing(agent)),
      h("td", { class: "age", "data-age": agent.name }),
      h(
        "td",
        { class: "acts" },
        here && this.button("say", "Say", `something to ${agent.name}`, () => acts.say(agent.name)),
        here && this.button(paused ? "resume" : "pause", paused ? "Resume" : "Pause", agent.name, () => (paused ? acts.resume : acts.pause)(agent.name)),
      ),
    );
  }

  doing(agent) {
    const parts = [];
    if (agent.task) parts.push(h("span", {}, h("code", {}, agent.task), ` ${agent.task_title}`));
    else if (agent.presence !== "left") parts.push(h("span", { class: "dim" }, "no task"));
    if (agent.input_tokens + agent.output_tokens) parts.push(h("span", { class: "dim", title: "tokens in and out, as its client says" }, ` ${spent(agent)}`));
    if (agent.held) parts.push(h("span", { class: "tag warn" }, `${agent.held} held`));
    return parts;
  }

  claim(claim) {
    const release = this.button("release", "Release", `${claim.resources.join(", ")} of ${claim.holder}`, () => this.acts.release(claim));
    return h(
      "li",
      { tabindex: "-1", "data-row": "", "data-claim": claim.claim },
      h("div", { class: "line" }, claim.resources.map((name) => this.resource(name)), h("span", { class: `tag ${claim.mode}` }, claim.mode)),
      h("div", { class: "line under" }, who(claim.holder), h("span", { class: "text" }, claim.purpose), h("span", { class: "left", "data-left": claim.claim }), h("span", { class: "acts" }, release)),
      claim.waiting.length > 0 && h("div", { class: "line under" }, h("span", { class: "tag warn" }, "waiting"), claim.waiting.map((name) => who(name))),
    );
  }

  resource(name) {
    const [, scheme, path] = name.match(/^(file|symbol):([^#]+)/) ?? [];
    return scheme ? this.path(path, name.slice(scheme.length + 1)) : h("code", {}, name);
  }

  path(path, label = path) {
    return h("button", { type: "button", class: "path", "data-act": "file", onclick: () => this.acts.file(path) }, h("code", {}, label));
  }

  conflict(one) {
    const held = one.kind === "held";
    const sides = held ? [who(one.agents[0]), " against the room"] : one.agents.map((name, at) => [at ? " and " : "", who(name)]);
    return h(
      "li",
      { tabindex: "-1", "data-row": "", "data-held": held ? one.id : null },
      h("div", { class: "line" }, h("span", { class: "tag warn" }, held ? "held edit" : one.kind), this.path(one.path, one.line ? `${one.path}:${one.line}` : one.path)),
      h("div", { class: "line under" }, h("span", { class: "text" }, ...sides.flat(), ": ", one.text), held && h("span", { class: "acts" }, this.button("held", "Compare", `${one.path} of ${one.agents[0]}`, () => this.acts.held(one.id)))),
    );
  }

  landed() {
    const { verdicts, landings, room } = this.page;
    $("hold").textContent = room.landings_held ? "Let land again" : "Hold landings";
    $("hold").setAttribute("aria-pressed", String(Boolean(room.landings_held)));
    const last = landings.at(-1);
    const checks = last ? verdicts.filter((verdict) => verdict.tree === last.tree) : [];
    const newest = verdicts.at(-1);
    const red = checks.some((verdict) => !verdict.passed);
    const green = $("green");
    green.className = red ? "bad" : last ? "good" : "";
    const tasks = last?.tasks.length;
    green.textContent = !last
      ? "Nothing has landed yet."
      : `${red ? "✗" : "✓"} ${last.ref} is ${red ? "red" : "green"} at ${short(last.commit)}: ${tasks} ${tasks === 1 ? "task" : "tasks"}, ${checks.length} ${checks.length === 1 ? "check" : "checks"} of exactly this tree.`;
    if (newest && !newest.passed && newest.tree !== last?.tree) green.textContent += ` The newest tree fails ${newest.check}.`;
    const rows = [...verdicts, ...landings].sort((a, b) => b.seq - a.seq).slice(0, 12);
    fill($("verdicts"), rows, (row) => row.seq, (row) => this.outcome(row));
  }

  outcome(row) {
    if (row.ref) return h("li", { class: "line" }, h("b", { class: "accent" }, "⚑"), h("span", { class: "text" }, `${row.ref} moved to `, h("code", {}, short(row.commit)), ` with ${row.tasks.join(", ") || "no task"}`));
    const word = row.passed ? "passed" : "failed";
    return h("li", { class: "line" }, h("b", { class: row.passed ? "good" : "bad" }, row.passed ? "✓" : "✗"), h("span", { class: "text" }, `${row.check} ${word}: ${row.summary} `, h("code", {}, short(row.tree))));
  }

  task(task) {
    const ending = task.holder ? [task.state === "done" ? "by " : "", who(task.holder)] : task.waits_for.length ? `after ${task.waits_for.join(", ")}` : task.state;
    return h("li", { class: `line task ${task.state}`, title: task.summary || task.description || null }, h("span", { class: "sign" }, TASK_SIGNS[task.state]), h("code", {}, task.id), h("span", { class: "text" }, task.title), h("span", { class: "under" }, ending));
  }

  to() {
    const here = this.page.roster.filter((agent) => agent.presence !== "left").map((agent) => agent.name);
    const select = $("to");
    const chosen = select.value;
    if (select.dataset.names === here.join()) return;
    select.dataset.names = here.join();
    select.replaceChildren(h("option", { value: "*" }, "everyone"), ...here.map((name) => h("option", { value: name }, name)));
    select.value = ["*", ...here].includes(chosen) ? chosen : "*";
  }

  /** What counts up or down by itself. */
  tick() {
    if (!this.page) return;
    const past = this.now() - this.page.room.now_ms;
    for (const agent of this.page.roster) {
      const cell = document.querySelector(`[data-age="${CSS.escape(agent.name)}"]`);
      if (cell) cell.textContent = agent.presence === "left" ? "" : span(agent.silent_ms + past);
    }
    for (const claim of this.page.claims) {
      const cell = document.querySelector(`[data-left="${CSS.escape(claim.claim)}"]`);
      if (!cell) continue;
      const left = Math.max(0, claim.left_ms - past);
      cell.textContent = left < 15000 ? `⚠ ${span(left)} left` : `${span(left)} left`;
      cell.classList.toggle("bad", left < 15000);
    }
  }
}

const GROUPS = {
  edits: new Set(["file-accepted", "files-seeded", "edit-held", "held-settled"]),
  talk: new Set(["notice-sent"]),
  work: new Set(["claim-granted", "claim-refused", "claim-ended", "task-posted", "task-taken", "task-returned", "task-done", "task-reopened", "task-ordered", "task-cancelled"]),
  trouble: new Set(["edit-held", "held-settled", "finding-raised", "finding-closed", "claim-refused", "action-failed", "action-undone", "call-undone", "call-failed", "call-fenced", "order-noticed", "agent-restarted"]),
  calls: new Set(["call-read", "call-placed", "call-finished", "call-undone", "call-failed", "call-fenced", "fence-lifted", "order-noticed", "order-notices-judged", "agent-concluded", "agent-restarted", "order-committed"]),
  checks: new Set(["verdict-given", "landed"]),
};
const QUIET = new Set(["claim-granted", "claim-ended", "action-started", "action-finished", "call-started", "call-finished", "repair-begun", "look-taken", "call-waits", "order-notices-handed", "order-notices-withdrawn"]);
const TOLD = new Set(["observed", "freed", "verdict", "conflict", "done"]);
const LINES = 150;

/** Whether the log shows an event under a filter. */
export function shown(mark, filter) {
  if (filter === "all") return true;
  const told = mark.kind === "notice-sent" && TOLD.has(mark.label);
  if (filter === "main") return !told && !QUIET.has(mark.kind);
  return GROUPS[filter].has(mark.kind) && !(told && filter === "talk");
}

/** The newest events first. */
export function log(marks, filter, until, pick) {
  const found = [];
  for (let at = marks.length - 1; at >= 0 && found.length < LINES; at--) {
    if ((until === null || marks[at].seq <= until) && shown(marks[at], filter)) found.push(marks[at]);
  }
  fill($("log"), found, (mark) => mark.seq, (mark) =>
    h("li", { class: "line", tabindex: "-1", "data-row": "", "data-seq": mark.seq, onclick: () => pick(mark) },
      h("time", {}, clock(mark.at_ms)), h("i", { class: `blob ${hue(mark.agent)}`, "aria-hidden": "true" }), h("span", { class: "text" }, mark.text)),
    "Nothing has happened yet.");
}
