// The board as a graph: who waits for whom, from left to right. Arrow keys go along it.

import { $, clean } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 150, HIGH = 30, ACROSS = 190, DOWN = 40, MOST = 80;
const SIGN = { open: "○", taken: "◐", done: "●", cancelled: "×" };

function s(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, clean(value));
  element.append(...children.map((child) => (child instanceof Node ? child : clean(child))));
  return element;
}

/** Where each task stands: its column is the longest way from a task that waits for nobody. */
export function places(tasks) {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const columns = new Map();
  const column = (id) => {
    if (!columns.has(id)) {
      columns.set(id, 0);
      const before = byId.get(id).after.filter((one) => byId.has(one));
      columns.set(id, before.length ? 1 + Math.max(...before.map(column)) : 0);
    }
    return columns.get(id);
  };
  const filled = [];
  return new Map(tasks.map((task) => {
    const x = column(task.id);
    filled[x] = (filled[x] ?? -1) + 1;
    return [task.id, { x, y: filled[x], task }];
  }));
}

function line(from, to) {
  const x = from.x * ACROSS + WIDE, y = from.y * DOWN + HIGH / 2, u = to.x * ACROSS, v = to.y * DOWN + HIGH / 2;
  return s("path", { d: `M${x} ${y}C${x + 20} ${y} ${u - 20} ${v} ${u} ${v}`, class: from.task.state === "done" ? "free" : "" });
}

function box({ x, y, task }) {
  const label = `${task.id}: ${task.title}. ${task.state}${task.holder ? ` by ${task.holder}` : ""}${task.after.length ? `, after ${task.after.join(", ")}` : ""}`;
  const words = `${SIGN[task.state] ?? ""} ${task.id} ${task.title}`;
  return s("g", { class: `node ${task.state}`, transform: `translate(${x * ACROSS} ${y * DOWN})`, tabindex: "0", role: "listitem", "aria-label": label, "data-task": task.id },
    s("title", {}, label), s("rect", { width: WIDE, height: HIGH, rx: 5 }), s("text", { x: 8, y: 19 }, words.length > 22 ? `${words.slice(0, 21)}…` : words));
}

function step(placed, id, key) {
  const { x, y, task } = placed.get(id);
  const all = [...placed.values()];
  if (key === "ArrowLeft") return all.find((one) => task.after.includes(one.task.id));
  if (key === "ArrowRight") return all.find((one) => one.task.after.includes(id));
  const way = { ArrowUp: -1, ArrowDown: 1 }[key];
  return way && all.find((one) => one.x === x && one.y === y + way);
}

/** Draw the tasks; nothing where none waits for another. */
export function graph(tasks) {
  const holder = $("graph");
  const shown = tasks.filter((task) => task.state !== "cancelled").slice(0, MOST);
  const sign = JSON.stringify(shown.map((task) => [task.id, task.state, task.title, task.holder, task.after]));
  holder.hidden = !shown.some((task) => task.after.length);
  if (holder.dataset.sign === sign) return;
  holder.dataset.sign = sign;
  const here = document.activeElement?.closest?.("#graph [data-task]")?.dataset.task;
  const placed = places(shown), all = [...placed.values()];
  const width = Math.max(0, ...all.map((one) => one.x)) * ACROSS + WIDE, height = Math.max(0, ...all.map((one) => one.y)) * DOWN + HIGH;
  const lines = all.flatMap((to) => to.task.after.filter((id) => placed.has(id)).map((id) => line(placed.get(id), to)));
  const drawing = s("svg", { viewBox: `-2 -2 ${width + 4} ${height + 4}`, width: width + 4, height: height + 4, role: "list", "aria-label": "Tasks and what they wait for" }, ...lines, ...all.map(box));
  drawing.addEventListener("keydown", (event) => {
    const id = event.target.closest("[data-task]")?.dataset.task;
    const next = id && step(placed, id, event.key);
    if (id && event.key.startsWith("Arrow")) { event.preventDefault(); event.stopPropagation(); }
    if (next) drawing.querySelector(`[data-task="${CSS.escape(next.task.id)}"]`).focus();
  });
  holder.replaceChildren(drawing);
  if (here && placed.has(here)) drawing.querySelector(`[data-task="${CSS.escape(here)}"]`).focus();
}
