// The page: events and the room come in, keys and buttons go out.

import { $, clock, clean } from "./dom.js";
import * as sheet from "./sheet.js";
import { source } from "./source.js";
import { Timeline } from "./timeline.js";
import { log, View } from "./view.js";

const MARKS_MAX = 20000;

const room = source();
let marks = [];
let now = null;
let until = null;
let busy = false;
let about = "";

const line = new Timeline($("lanes"), (mark) => {
  $("sentence").textContent = `${clock(mark.at_ms)}  ${clean(mark.text)}`;
});

async function act(name, body, done) {
  try {
    await room.act(name, body);
    toast(done);
    return true;
  } catch (fault) {
    toast(fault.message, true);
    return false;
  }
}

let fading = 0;
function toast(text, bad = false) {
  $("toast").textContent = clean(text);
  $("toast").className = bad ? "bad" : "good";
  clearTimeout(fading);
  fading = setTimeout(() => ($("toast").textContent = ""), 6000);
}

function speak(to, note = "", prompt = "") {
  $("to").value = to;
  about = note;
  $("words").placeholder = prompt || "Say something to the agents  ( / )";
  $("words").focus();
}

const acts = {
  say: (agent) => speak(agent),
  answer: (need) => speak(need.agent, need.id, `Answer ${clean(need.agent)}: ${clean(need.text).slice(0, 80)}`),
  pause: (agent) => act("pause", { agent }, `${agent} is paused.`),
  lift: (call) => act("lift-fence", { call }, "The fence is lifted."),
  resume: (agent) => act("resume", { agent }, `${agent} goes on.`),
  async release(claim) {
    const what = claim.resources.join(", ");
    if (await sheet.sure("Release a claim?", `${claim.holder} loses ${what} at once and is told. What is written stays.`, "Release")) {
      await act("release", { claim: claim.claim }, `${what} is free.`);
    }
  },
  async drop(held) {
    if (await sheet.sure("Drop a held edit?", `${held} is closed without taking it in. Its text stays in the history.`, "Drop")) {
      await act("drop-held", { held }, `${held} is dropped.`);
    }
  },
  async hold() {
    if (now.room.landings_held) return act("release-landings", {}, "Landings go on.");
    const reason = await sheet.ask("Hold landings?", "Nothing lands until you let it. Agents go on with other work and are told why.", "Reason (may be empty)", "Hold");
    return reason !== null && act("hold-landings", { reason }, "Landings are held.");
  },
  file: (path) => look("files", path),
  held: (id) => look("held", id),
};

async function look(kind, name) {
  room.go(kind, name);
  try {
    if (kind === "files") sheet.file(await room.file(name, until));
    else sheet.held(await room.held(name), () => acts.drop(name));
  } catch (fault) {
    toast(fault.message, true);
  }
}

const view = new View(acts);

function paint() {
  log(marks, $("filter").value, until, pick);
  $("earlier").hidden = room.saved || !marks.length || marks[0].seq <= 1 || until !== null;
}

function pick(mark) {
  line.select(mark);
  if (mark.path && mark.kind === "edit-held") return look("held", mark.id);
  return mark.path && look("files", mark.path);
}

function scrub() {
  const range = $("scrub");
  const first = marks[0]?.seq ?? 0;
  range.min = String(first);
  range.max = String(now?.room.seq ?? first);
  if (until === null) range.value = range.max;
  const at = until === null ? null : marks.findLast((mark) => mark.seq <= until);
  $("moment").textContent = at ? `event ${until} of ${range.max}, ${clock(at.at_ms)}` : `now, event ${range.max}`;
  range.setAttribute("aria-valuetext", $("moment").textContent);
}

function replay(seq) {
  const last = now?.room.seq ?? 0;
  until = seq === null || seq >= last ? null : Math.max(seq, marks[0]?.seq ?? 0);
  document.body.classList.toggle("past", until !== null);
  if (until !== null) $("scrub").value = String(until);
  line.stop(until);
  scrub();
  paint();
  if (until === null) return now && view.show(now, room.saved);
  return catchUp();
}

/** Show the moment that is wanted, one request at a time: a dragged scrubber asks for the last place only. */
async function catchUp() {
  if (busy) return;
  busy = true;
  document.querySelector("main").setAttribute("aria-busy", "true");
  for (let reached = null; until !== null && reached !== until; ) {
    reached = until;
    try {
      const page = await room.at(reached);
      if (until !== null) view.show(page, true);
    } catch (fault) {
      toast(fault.message, true);
    }
  }
  busy = false;
  document.querySelector("main").removeAttribute("aria-busy");
}

let waiting = false;
const on = {
  reset() {
    marks = [];
    line.clear();
  },
  marks(list) {
    const known = marks.at(-1)?.seq ?? 0;
    const fresh = list.filter((mark) => mark.seq > known);
    marks.push(...fresh);
    if (marks.length > MARKS_MAX) {
      marks.splice(0, marks.length - MARKS_MAX);
      line.clear();
      line.add(marks);
    } else line.add(fresh);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      paint();
    });
  },
  page(page) {
    now = page;
    line.now = Math.max(line.now, page.room.now_ms);
    line.order(page.roster.map((agent) => agent.name));
    if (until === null) view.show(page, room.saved);
    scrub();
  },
  link(word) {
    const words = { live: "● live", lost: "○ reconnecting …", saved: "saved copy" };
    $("link").textContent = words[word];
    $("link").className = word;
    document.body.classList.toggle("saved", word === "saved");
  },
  locked() {
    $("link").textContent = "locked";
    sheet.locked((key) => {
      room.setKey(key);
      room.follow(on);
    });
  },
};

function rows() {
  return [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
}

function move(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest?.("[data-row]"));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  const mark = next?.dataset.seq && marks.find((one) => one.seq === Number(next.dataset.seq));
  if (mark) line.select(mark);
}

function press(act) {
  const row = document.activeElement?.closest?.("[data-row]");
  row?.querySelector(`[data-act="${act}"]`)?.click();
  return Boolean(row);
}

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  "/": () => speak($("to").value || "*"),
  m: () => press("say"),
  p: () => press("pause") && press("resume"),
  r: () => press("release"),
  h: () => now && !room.saved && until === null && acts.hold(),
  n: () => ($("needs").querySelector("[data-row]") ?? $("needs")).focus(),
  t: () => $("lanes").focus(),
  "[": () => replay((until ?? now?.room.seq ?? 1) - 1),
  "]": () => until !== null && replay(until + 1),
  "{": () => replay((until ?? now?.room.seq ?? 1) - 20),
  "}": () => until !== null && replay(until + 20),
  l: () => replay(null),
  "?": () => sheet.help(),
};

const LANE_KEYS = {
  ArrowRight: () => line.step(1),
  ArrowLeft: () => line.step(-1),
  "+": () => line.zoom(1 / 1.5),
  "=": () => line.zoom(1 / 1.5),
  "-": () => line.zoom(1.5),
  0: () => line.fit(),
  Home: () => line.pan(-0.5),
  End: () => line.pan(0.5),
  Enter: () => line.selected && pick(line.selected),
};

function typing(target) {
  return target.matches?.("input:not([type=range]), select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || $("sheet").open) return;
  if (event.target.matches?.("input[type=range]") && event.key.startsWith("Arrow")) return;
  const enter = event.key === "Enter" && event.target.matches?.("[data-row]");
  const run = enter ? () => event.target.querySelector("[data-act=held], [data-act=file], [data-act=answer]")?.click() ?? event.target.click()
    : (event.target === $("lanes") && LANE_KEYS[event.key]) || KEYS[event.key];
  if (!run) return;
  event.preventDefault();
  run();
});

$("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("words").value.trim();
  if (!text) return;
  const body = { text, to: $("to").value || "*", ...(about ? { about } : {}) };
  if (await act("say", body, `Said to ${body.to === "*" ? "everyone" : body.to}.`)) {
    $("words").value = "";
    speak("*");
  }
});
$("words").addEventListener("blur", () => !$("words").value && (about = ""));
$("end").addEventListener("click", async () => {
  if (await sheet.sure("End the room?", "No agent can do anything any more. Nothing is lost; coroom run --resume opens it again.", "End room")) {
    await act("end", { reason: "ended from the page" }, "The room has ended.");
  }
});
$("hold").addEventListener("click", () => now && acts.hold());
$("ask").addEventListener("click", () => sheet.help());
$("sheet-close").addEventListener("click", () => sheet.close());
$("sheet").addEventListener("close", () => room.go(null));
$("filter").addEventListener("change", paint);
$("scrub").addEventListener("input", () => replay(Number($("scrub").value)));
$("live").addEventListener("click", () => replay(null));
$("zoom-in").addEventListener("click", () => line.zoom(1 / 1.5));
$("zoom-out").addEventListener("click", () => line.zoom(1.5));
$("zoom-fit").addEventListener("click", () => line.fit());
$("earlier").addEventListener("click", async () => {
  const older = await room.log(Math.max(0, marks[0].seq - 2001));
  const first = marks[0].seq;
  marks = [...older.marks.filter((mark) => mark.seq < first), ...marks];
  line.clear();
  line.add(marks);
  scrub();
  paint();
});

function arrive() {
  const place = room.place();
  if (place) look(place.kind, place.name);
  else if ($("sheet").open) sheet.close();
}

addEventListener("popstate", arrive);
setInterval(() => {
  if (until !== null || room.saved) return;
  view.tick();
  if (now) {
    line.now = Math.max(line.now, view.now());
    line.draw();
  }
}, 1000);
room.follow(on);
arrive();
