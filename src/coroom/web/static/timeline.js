// The room drawn by time: a lane for each agent, one for the room itself.

import { clean, clock, hue } from "./dom.js";

const ROOM = "room";
const LANE = 34;
const TOP = 22;
const SAID = new Set(["note", "contract", "question", "answer", "done", "operator", "conflict"]);
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

const laneOf = (name) => (name === "host" || name === "operator" || !name ? ROOM : name);

/** Whether an event is worth stopping at: what agents were told only because they had read a file is not. */
const shows = (mark) => mark.kind !== "notice-sent" || SAID.has(mark.label);

export class Timeline {
  /** `pick(mark)` is told which event is under the pointer or the keys. */
  constructor(canvas, pick) {
    this.canvas = canvas;
    this.pick = pick;
    this.marks = [];
    this.bars = [];
    this.open = new Map();
    this.callers = new Map();
    this.lanes = [ROOM];
    this.until = null;
    this.now = 0;
    this.window = null;
    this.selected = null;
    this.hits = [];
    this.queued = false;
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerdown", (event) => this.grab(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("focus", () => this.draw());
    canvas.addEventListener("blur", () => this.draw());
  }

  clear() {
    this.marks = [];
    this.bars = [];
    this.open.clear();
    this.callers.clear();
    this.draw();
  }

  add(marks) {
    for (const mark of marks) this.take(mark);
    this.draw();
  }

  take(mark) {
    this.marks.push(mark);
    this.now = Math.max(this.now, mark.at_ms);
    if (mark.of) {
      if (mark.kind === "call-read" || mark.kind === "call-placed") this.callers.set(mark.of, laneOf(mark.agent));
      mark.lane = this.callers.get(mark.of);
    }
    if (mark.opens) {
      const bar = { name: mark.opens, label: mark.label, lane: mark.lane ?? laneOf(mark.agent), from: mark.at_ms, to: null, mark };
      this.open.set(mark.opens, bar);
      this.bars.push(bar);
    }
    const bar = mark.closes && this.open.get(mark.closes);
    if (bar) {
      bar.to = mark.at_ms;
      bar.ok = mark.passed !== false;
      mark.lane = bar.lane;
      this.open.delete(mark.closes);
    }
    const lane = mark.lane ?? laneOf(mark.agent);
    if (!this.lanes.includes(lane)) this.lanes.push(lane);
  }

  /** The order of the lanes: agents by rank. */
  order(names) {
    const known = [ROOM, ...names];
    this.lanes = [...known, ...this.lanes.filter((lane) => !known.includes(lane))];
    this.draw();
  }

  /** Show the room as it was after event `seq`; null for now. */
  stop(seq) {
    this.until = seq;
    this.draw();
  }

  get whole() {
    const first = this.marks[0]?.at_ms ?? 0;
    const last = Math.max(this.now, this.marks.at(-1)?.at_ms ?? 0, first + 1000);
    return [first - (last - first) * 0.01, last + (last - first) * 0.02];
  }

  get shown() {
    return this.window ?? this.whole;
  }

  zoom(factor, at = null) {
    const [from, to] = this.shown;
    const centre = at ?? this.selected?.at_ms ?? (from + to) / 2;
    const [low, high] = this.whole;
    const next = [centre - (centre - from) * factor, centre + (to - centre) * factor];
    if (next[1] - next[0] < 200) return;
    this.window = next[0] <= low && next[1] >= high ? null : next;
    this.draw();
  }

  pan(share) {
    const [from, to] = this.shown;
    this.window = [from + (to - from) * share, to + (to - from) * share];
    this.draw();
  }

  fit() {
    this.window = null;
    this.draw();
  }

  /** Select the next (1) or previous (-1) event. */
  step(by) {
    const all = this.marks.filter((mark) => shows(mark) && (this.until === null || mark.seq <= this.until));
    if (!all.length) return;
    const from = this.selected ? all.findIndex((mark) => mark.seq >= this.selected.seq) : by > 0 ? -1 : all.length;
    this.select(all[Math.min(Math.max(from + by, 0), all.length - 1)]);
  }

  select(mark) {
    this.selected = mark;
    if (this.window) {
      const [from, to] = this.window;
      if (mark.at_ms < from || mark.at_ms > to) this.window = [mark.at_ms - (to - from) / 2, mark.at_ms + (to - from) / 2];
    }
    this.pick(mark);
    this.draw();
  }

  hover(event) {
    if (this.grabbed) {
      const [from, to] = this.grabbed.shown;
      const moved = ((this.grabbed.x - event.offsetX) / (this.width - this.left)) * (to - from);
      if (Math.abs(this.grabbed.x - event.offsetX) > 3) this.window = [from + moved, to + moved];
      return this.draw();
    }
    const hit = this.near(event.offsetX, event.offsetY);
    if (hit !== this.selected && hit) this.select(hit);
  }

  near(x, y) {
    let best = null;
    let least = 10 * 10;
    for (const hit of this.hits) {
      const far = (hit.x - x) ** 2 + (hit.y - y) ** 2;
      if (far < least) [best, least] = [hit.mark, far];
    }
    return best;
  }

  grab(event) {
    this.grabbed = { x: event.offsetX, shown: this.shown };
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.addEventListener("pointerup", () => (this.grabbed = null), { once: true });
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, this.time(event.offsetX));
    else this.pan(event.deltaX / 1000);
  }

  time(x) {
    const [from, to] = this.shown;
    return from + ((x - this.left) / (this.width - this.left)) * (to - from);
  }

  x(ms) {
    const [from, to] = this.shown;
    return this.left + ((ms - from) / (to - from)) * (this.width - this.left);
  }

  y(lane) {
    return TOP + this.lanes.indexOf(lane) * LANE + LANE / 2;
  }

  draw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.paint();
    });
  }

  paint() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    this.width = canvas.parentElement.clientWidth;
    this.height = TOP + this.lanes.length * LANE + 6;
    this.left = this.width < 560 ? 62 : 104;
    canvas.width = this.width * scale;
    canvas.height = this.height * scale;
    canvas.style.width = `${this.width}px`;
    canvas.style.height = `${this.height}px`;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const paints = new Map();
    this.paintOf = (name) => {
      if (!paints.has(name)) paints.set(name, style.getPropertyValue(`--${name}`).trim());
      return paints.get(name);
    };
    this.pen = pen;
    this.font = style.fontFamily;
    this.hits = [];
    this.grid();
    pen.save();
    pen.beginPath();
    pen.rect(this.left, 0, this.width - this.left, this.height);
    pen.clip();
    const [from, to] = this.shown;
    const limit = this.until;
    for (const bar of this.bars) if ((limit === null || bar.mark.seq <= limit) && bar.from <= to && (bar.to ?? this.now) >= from) this.bar(bar);
    const visible = this.marks.filter((mark) => mark.at_ms >= from && mark.at_ms <= to);
    const dense = visible.length > 700;
    for (const mark of visible) if (mark.kind === "notice-sent" && SAID.has(mark.label)) this.faded(mark, () => this.arrow(mark, dense));
    for (const mark of visible) this.faded(mark, () => this.sign(mark));
    this.cursor();
    pen.restore();
  }

  faded(mark, paint) {
    this.pen.globalAlpha = this.until !== null && mark.seq > this.until ? 0.14 : 1;
    paint();
    this.pen.globalAlpha = 1;
  }

  colour(agent) {
    return this.paintOf(hue(agent === ROOM ? "" : agent));
  }

  grid() {
    const { pen } = this;
    const [from, to] = this.shown;
    pen.font = `12px ${this.font}`;
    pen.textBaseline = "middle";
    this.lanes.forEach((lane, number) => {
      const top = TOP + number * LANE;
      pen.fillStyle = this.paintOf(number % 2 ? "card" : "lane");
      pen.fillRect(0, top, this.width, LANE);
      pen.fillStyle = this.colour(lane);
      pen.fillRect(0, top + 8, 3, LANE - 16);
      pen.fillStyle = this.paintOf("ink");
      pen.fillText(clean(lane).slice(0, this.left < 80 ? 7 : 13), 10, top + LANE / 2);
    });
    const room = (this.width - this.left) / 90;
    const step = (STEPS_S.find((s) => (to - from) / 1000 / s <= room) ?? 86400) * 1000;
    const offset = new Date(from).getTimezoneOffset() * 60000;
    pen.font = `11px ${this.font}`;
    for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) {
      const x = Math.round(this.x(at)) + 0.5;
      pen.strokeStyle = this.paintOf("line");
      pen.beginPath();
      pen.moveTo(x, TOP - 4);
      pen.lineTo(x, this.height - 6);
      pen.stroke();
      pen.fillStyle = this.paintOf("dim");
      if (x > this.left && x < this.width - 50) pen.fillText(step < 60000 ? clock(at) : clock(at).slice(0, 5), x + 4, 10);
    }
  }

  bar(bar) {
    const { pen } = this;
    const stopped = this.until === null ? this.now : this.marks.findLast((mark) => mark.seq <= this.until)?.at_ms ?? this.now;
    const end = Math.min(bar.to ?? stopped, stopped);
    const x = this.x(bar.from);
    const width = Math.max(this.x(end) - x, 2);
    const y = this.y(bar.lane);
    pen.fillStyle = this.colour(bar.lane);
    if (bar.name.startsWith("task")) {
      pen.globalAlpha = 0.16;
      pen.beginPath();
      pen.roundRect(x, y - 12, width, 24, 4);
      pen.fill();
      pen.globalAlpha = 1;
      pen.font = `10px ${this.font}`;
      pen.fillStyle = this.paintOf("dim");
      if (width > 34) pen.fillText(clean(bar.label), Math.max(x, this.left) + 5, y - 6);
      return;
    }
    pen.globalAlpha = 0.75;
    pen.fillRect(x, y + 7, width, 4);
    pen.globalAlpha = 1;
    if (bar.ok === false) this.hatch(x, y + 6, width, 6, this.paintOf("bad"));
  }

  hatch(x, y, width, height, colour) {
    const { pen } = this;
    pen.save();
    pen.beginPath();
    pen.rect(x, y, width, height);
    pen.fillStyle = this.paintOf("card");
    pen.fill();
    pen.clip();
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let at = x - height; at < x + width; at += 4) {
      pen.moveTo(at, y + height);
      pen.lineTo(at + height, y);
    }
    pen.stroke();
    pen.restore();
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.strokeRect(x, y, width, height);
    pen.lineWidth = 1;
  }

  arrow(mark, dense) {
    const { pen } = this;
    const chosen = this.selected === mark;
    const x = this.x(mark.at_ms);
    const from = this.y(laneOf(mark.agent));
    pen.strokeStyle = mark.label === "conflict" ? this.paintOf("warn") : this.colour(mark.agent);
    pen.fillStyle = pen.strokeStyle;
    if (!chosen) pen.globalAlpha *= dense ? 0.15 : 0.55;
    pen.lineWidth = chosen ? 2 : 1;
    const all = mark.to?.includes("*");
    const to = all ? this.lanes.filter((lane) => lane !== ROOM) : (mark.to ?? []).map(laneOf);
    const reached = to.filter((lane) => this.lanes.includes(lane) && lane !== laneOf(mark.agent)).map((lane) => this.y(lane));
    const ends = all ? [Math.min(...reached), Math.max(...reached)].filter((end) => Number.isFinite(end) && end !== from) : reached;
    for (const end of ends) {
      const away = Math.sign(end - from);
      pen.beginPath();
      pen.moveTo(x, from + 4 * away);
      pen.lineTo(x, end - 6 * away);
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x, end - 3 * away);
      pen.lineTo(x - 3.5, end - 9 * away);
      pen.lineTo(x + 3.5, end - 9 * away);
      pen.fill();
    }
    pen.lineWidth = 1;
  }

  sign(mark) {
    const x = this.x(mark.at_ms);
    const lane = mark.lane ?? laneOf(mark.agent);
    const y = this.y(lane);
    const paint = SIGNS[mark.kind] ?? (() => {});
    this.pen.fillStyle = this.colour(lane);
    this.pen.strokeStyle = this.colour(lane);
    paint(this, mark, x, y);
    if (shows(mark) && (this.until === null || mark.seq <= this.until)) this.hits.push({ x, y, mark });
    if (this.selected === mark) {
      this.pen.strokeStyle = this.paintOf("ink");
      this.pen.lineWidth = 1.5;
      this.pen.beginPath();
      this.pen.arc(x, y, 9, 0, 7);
      this.pen.stroke();
      this.pen.lineWidth = 1;
    }
  }

  dot(x, y, r) {
    this.pen.beginPath();
    this.pen.arc(x, y, r, 0, 7);
    this.pen.fill();
  }

  ring(x, y, r) {
    this.pen.lineWidth = 1.4;
    this.pen.beginPath();
    this.pen.arc(x, y, r, 0, 7);
    this.pen.stroke();
    this.pen.lineWidth = 1;
  }

  /** A call that changes something; hollow while it waits at its gate. */
  diamond(x, y, whole) {
    this.pen.beginPath();
    for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) this.pen.lineTo(x + dx, y + dy);
    this.pen.closePath();
    if (whole) this.pen.fill();
    else this.pen.stroke();
  }

  flag(x, y, word, colour) {
    const { pen } = this;
    pen.fillStyle = colour;
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.moveTo(x, y + 12);
    pen.lineTo(x, y - 12);
    pen.stroke();
    pen.beginPath();
    pen.roundRect(x, y - 13, 14, 12, 2);
    pen.fill();
    pen.fillStyle = this.paintOf("card");
    pen.font = `bold 10px ${this.font}`;
    pen.fillText(word, x + 3, y - 6.5);
  }

  text(x, y, word, colour) {
    this.pen.fillStyle = colour;
    this.pen.font = `bold 12px ${this.font}`;
    this.pen.fillText(word, x - 4, y);
  }

  cursor() {
    if (this.until === null) return;
    const mark = this.marks.findLast((one) => one.seq <= this.until);
    if (!mark) return;
    const x = Math.round(this.x(mark.at_ms)) + 0.5;
    this.pen.strokeStyle = this.paintOf("accent");
    this.pen.lineWidth = 2;
    this.pen.beginPath();
    this.pen.moveTo(x, 0);
    this.pen.lineTo(x, this.height);
    this.pen.stroke();
    this.pen.lineWidth = 1;
  }
}

const SIGNS = {
  "file-accepted": (line, _mark, x, y) => line.pen.fillRect(x - 1, y - 8, 2.4, 16),
  "edit-held": (line, _mark, x, y) => line.hatch(x - 4, y - 9, 8, 18, line.paintOf("warn")),
  "held-settled": (line, _mark, x, y) => line.text(x, y, "✓", line.paintOf("good")),
  "notice-sent": (line, mark, x, y) => SAID.has(mark.label) && mark.label !== "conflict" && line.dot(x, y, 3.2),
  "claim-refused": (line, _mark, x, y) => line.text(x, y, "×", line.paintOf("bad")),
  "finding-raised": (line, _mark, x, y) => line.text(x, y, "!", line.paintOf("warn")),
  "verdict-given": (line, mark, x, y) => line.flag(x, y, mark.passed ? "✓" : "✗", line.paintOf(mark.passed ? "good" : "bad")),
  landed: (line, _mark, x, y) => {
    line.pen.fillStyle = line.paintOf("good");
    line.pen.fillRect(x - 0.5, TOP, 1, line.height - TOP - 6);
    line.flag(x, y, "⚑", line.paintOf("accent"));
  },
  "call-read": (line, _mark, x, y) => line.ring(x, y, 3),
  "call-placed": (line, mark, x, y) => line.diamond(x, y, mark.passed),
  "call-undone": (line, _mark, x, y) => line.text(x, y, "↶", line.paintOf("warn")),
  "call-failed": (line, _mark, x, y) => line.text(x, y, "×", line.paintOf("bad")),
  "call-fenced": (line, _mark, x, y) => line.text(x, y, "!", line.paintOf("bad")),
  "order-noticed": (line, _mark, x, y) => line.text(x, y, "?", line.paintOf("warn")),
  "order-notices-judged": (line, _mark, x, y) => line.text(x, y, "✓", line.paintOf("dim")),
  "agent-restarted": (line, _mark, x, y) => line.text(x, y, "↺", line.paintOf("bad")),
  "agent-concluded": (line, _mark, x, y) => line.text(x, y, "▪", line.paintOf("good")),
  "agent-joined": (line, _mark, x, y) => line.text(x, y, "›", line.paintOf("dim")),
  "agent-left": (line, _mark, x, y) => line.text(x, y, "‹", line.paintOf("dim")),
  "agent-paused": (line, _mark, x, y) => line.text(x, y, "‖", line.paintOf("bad")),
};
