"use strict";
// Plays the trajectory: everything that is shown follows from the step and the followed PM.

const plan = JSON.parse(document.getElementById("trajectory").textContent);
const last = plan.frames.length - 1;
const BOTH = 2;
const $ = (id) => document.getElementById(id);

const held = []; // held[step][pm]: what the PM holds after so many migrations
for (const frame of plan.frames) held.push(Object.assign([...(held.at(-1) ?? [])], frame.changed));
const stepsOf = (chosen) => plan.frames.flatMap((frame, index) => (index && chosen(frame.move) ? [index] : []));

let step = 0;
let followed = null;
let timer = null;

// ---- one PM as two bars ----

const plural = (count, noun) => `${count} ${noun}${Math.abs(count) === 1 ? "" : "s"}`;
const sum = (pair) => pair[0] + pair[1];

function bars(pm, content, { bar, scale, numbers = false, landed = null, freed = null }) {
  const capacity = plan.pms[pm].capacity;
  const height = Math.max(...capacity) * scale;
  const parts = [];
  const part = (node, bottom, cores, name, data = "", label = "") => {
    const x = node === 1 ? bar + 2 : 0;
    const width = node === BOTH ? 2 * bar + 2 : bar;
    const y = height - (bottom + cores) * scale;
    const tall = Math.max(0.5, cores * scale - (name === "node" ? 0 : 0.8));
    parts.push(`<rect class="${name}" x="${x}" y="${y}" width="${width}" height="${tall}" ${data}/>`);
    if (numbers && label && tall >= 10) parts.push(`<text class="${label}" x="${x + width / 2}" y="${y + tall / 2}">${cores * (node === BOTH ? 2 : 1)}</text>`);
  };
  for (const node of [0, 1]) {
    const whole = content.whole[node];
    const used = capacity[node] - content.free[node];
    const size = plan.slot_cores || Math.max(1, whole);
    for (let bottom = 0; bottom < whole; bottom += size) part(node, used + bottom, size, "slot", `data-slot="${size}"`, "in-slot");
    if (content.free[node] > whole) part(node, used + whole, content.free[node] - whole, "fragment", `data-fragment="${content.free[node] - whole}"`, "plain");
    if (capacity[node]) part(node, 0, capacity[node], "node", 'pointer-events="none"');
  }
  for (const [vm, node, bottom] of content.blocks) {
    const { on_each: cores, cores: size } = plan.vms[vm];
    part(node, bottom, cores, `size-${size}`, `data-vm="${vm}"`, `on-${size}`);
  }
  for (const [vm, node, bottom] of content.blocks) {
    if (vm === landed) for (const name of ["rim", "landed"]) part(node, bottom, plan.vms[vm].on_each, name);
  }
  if (freed) {
    for (const node of freed.node === BOTH ? [0, 1] : [freed.node]) part(node, capacity[node] - content.free[node], freed.cores, "freed");
  }
  return `<svg class="bars" width="${2 * bar + 2}" height="${height}" aria-hidden="true">${parts.join("")}</svg>`;
}

function inWords(pm, content) {
  const nodes = [0, 1].map((node) => `node ${node} has ${plural(content.free[node], "free core")}, ${content.whole[node]} of them in whole slots`);
  return `${plan.pms[pm].name}: ${nodes.join("; ")}`;
}

// ---- all PMs ----

const [bar, height, letters] = plan.pms.length > 12 ? [9, 124, 6] : [20, 220, 14];
const tallest = Math.max(1, ...plan.pms.flatMap((pm) => pm.capacity));
const buttons = plan.pms.map((pm, index) => {
  const button = document.createElement("button");
  button.className = "pm";
  button.append(document.createElement("span"), pm.short.length > letters ? `…${pm.short.slice(1 - letters)}` : pm.short);
  button.onclick = () => follow(followed === index ? null : index);
  return button;
});
$("pms").append(...buttons);
$("pms").insertAdjacentHTML("beforeend", '<svg id="arrow" aria-hidden="true"></svg>');
const drawn = [];

function showPms() {
  const { move } = plan.frames[step];
  buttons.forEach((button, pm) => {
    const content = held[step][pm];
    const source = move !== null && move.source[0] === pm;
    const target = move !== null && move.target[0] === pm;
    const end = source || target;
    button.setAttribute("aria-pressed", followed === pm);
    button.classList.toggle("end", end);
    if (drawn[pm] === content && !end) return;
    const marks = { landed: target ? move.vm : null, freed: source ? { node: move.source[1], cores: plan.vms[move.vm].on_each } : null };
    button.firstChild.innerHTML = bars(pm, content, { bar, scale: height / tallest, ...marks });
    button.setAttribute("aria-label", inWords(pm, content));
    drawn[pm] = end ? null : content;
  });
}

function showArrow() {
  const from = $("pms").querySelector(".freed");
  const to = $("pms").querySelector(".landed");
  if (!from || !to) return $("arrow").replaceChildren();
  const origin = $("pms").getBoundingClientRect();
  const [a, b] = [from, to].map((mark) => {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2 - origin.left, box.top + box.height / 2 - origin.top];
  });
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const bend = Math.max(26, 0.18 * length);
  const up = b[0] >= a[0] ? 1 : -1; // bends upwards, where the free cores are
  const middle = [(a[0] + b[0]) / 2 + (up * bend * (b[1] - a[1])) / length, (a[1] + b[1]) / 2 - (up * bend * (b[0] - a[0])) / length];
  const path = `M${a} Q${middle} ${b}`;
  $("arrow").innerHTML = `<path class="rim" d="${path}"/><path d="${path}" marker-end="url(#tip-of-arrow)"/>`;
}

// ---- beside them ----

function showStatus() {
  const { move, fr, gained, total } = plan.frames[step];
  const now = `FR ${fr.toFixed(4)}, ${plural(total, "slot")} gained`;
  if (move === null) return $("status").replaceChildren(`Step 0 of ${last}: the snapshot. ${now}.`);
  const vm = plan.vms[move.vm];
  const name = document.createElement("b");
  name.textContent = vm.name;
  const change = `${gained > 0 ? "+" : ""}${plural(gained, "slot")}`;
  $("status").replaceChildren(
    `Step ${step} of ${last}, wave ${move.wave}: `, name, ` (${plural(vm.cores, "core")}, ${vm.kind}) `,
    `${where(move.source)} → ${where(move.target)}: ${change} in this step. ${now}.`,
  );
}

const where = ([pm, node]) => `${plan.pms[pm].name}, ${node === BOTH ? "both nodes" : `node ${node}`}`;

function showDetail() {
  const { move } = plan.frames[step];
  if (move === null) return $("detail").replaceChildren("Nothing has moved yet.");
  const ends = [...new Set([move.source[0], move.target[0]])];
  $("detail").replaceChildren(...ends.map((pm) => {
    const size = { bar: 34, scale: 150 / Math.max(1, ...ends.flatMap((end) => plan.pms[end].capacity)), numbers: true };
    const before = bars(pm, held[step - 1][pm], { ...size, landed: pm === move.source[0] ? move.vm : null });
    const after = bars(pm, held[step][pm], { ...size, landed: pm === move.target[0] ? move.vm : null });
    const shown = document.createElement("div");
    shown.innerHTML = `<div class="pair">${before}→${after}</div><p class="note"></p>`;
    const role = ends.length === 1 ? "flips a VM" : pm === move.source[0] ? "source" : "destination";
    shown.lastChild.textContent = `${plan.pms[pm].name}, ${role}`;
    return shown;
  }));
}

const rates = plan.frames.map((frame) => frame.fr);
const lowest = Math.min(...rates, plan.bound_fr ?? 1);
const span = Math.max(...rates) - lowest || 1;
const LEFT = 2, RIGHT = 266, TOP = 14, BOTTOM = 100;
const atX = (index) => LEFT + (index / last) * (RIGHT - LEFT);
const atY = (fr) => BOTTOM - ((fr - lowest) / span) * (BOTTOM - TOP);

function showCurve() {
  const line = (until) => rates.slice(0, until + 1).map((fr, index) => (index ? `H${atX(index)}V${atY(fr)}` : `M${LEFT} ${atY(fr)}`)).join("");
  const bound = plan.bound_fr === null ? "" : `<path class="bound" d="M${LEFT} ${atY(plan.bound_fr)}H${RIGHT}"/><text x="${LEFT}" y="${atY(plan.bound_fr) + 13}">certified bound ${plan.bound_fr.toFixed(4)}</text>`;
  $("curve").innerHTML = `${bound}<path class="all" d="${line(last)}"/><path class="gone" d="${line(step)}"/>
    <circle cx="${atX(step)}" cy="${atY(rates[step])}" r="4"/><text class="now" x="${atX(step) + 6}" y="${atY(rates[step]) - 6}">${rates[step].toFixed(4)}</text>`;
}

function showFollowed() {
  if (followed === null) return $("followed").replaceChildren("Click a PM to follow it.");
  const steps = stepsOf((move) => move.source[0] === followed || move.target[0] === followed);
  const text = document.createElement("div");
  text.append(`${inWords(followed, held[step][followed])}. In steps `);
  for (const each of steps) {
    const button = document.createElement("button");
    button.textContent = each;
    button.onclick = () => show(each);
    text.append(button, " ");
  }
  $("followed").innerHTML = bars(followed, held[step][followed], { bar: 34, scale: 150 / Math.max(1, ...plan.pms[followed].capacity), numbers: true });
  $("followed").append(text);
}

function showSteps() {
  for (const row of document.querySelectorAll("#steps tr[data-step]")) {
    const { move } = plan.frames[row.dataset.step];
    row.classList.toggle("touches", move.source[0] === followed || move.target[0] === followed);
    if (Number(row.dataset.step) !== step) row.removeAttribute("aria-current");
    else {
      row.setAttribute("aria-current", "step");
      const box = row.closest(".tall");
      box.scrollTop = row.offsetTop - box.clientHeight / 2; // never scrolls the page
    }
  }
}

// ---- moving through it ----

function show(wanted) {
  step = Math.min(last, Math.max(0, wanted));
  $("slider").value = step;
  $("slider").setAttribute("aria-valuetext", `step ${step} of ${last}`);
  for (const showPart of [showStatus, showPms, showArrow, showDetail, showCurve, showFollowed, showSteps]) showPart();
  if (step === last) pause();
}

function follow(pm) {
  followed = pm;
  for (const showPart of [showPms, showFollowed, showSteps]) showPart();
}

function play() {
  if (step === last) show(0);
  timer = setInterval(() => show(step + 1), Number($("speed").value));
  $("play").textContent = "Pause";
}

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
}

function jump(wanted) {
  pause();
  show(wanted);
}

$("first").onclick = () => jump(0);
$("back").onclick = () => jump(step - 1);
$("play").onclick = () => (timer === null ? play() : pause());
$("forward").onclick = () => jump(step + 1);
$("final").onclick = () => jump(last);
$("slider").oninput = () => jump(Number($("slider").value));
$("speed").onchange = () => {
  if (timer !== null) { pause(); play(); }
};
$("steps").onclick = (event) => {
  const row = event.target.closest("tr[data-step]");
  if (row) jump(Number(row.dataset.step));
};
$("curve").onclick = (event) => {
  const box = $("curve").getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * 320;
  jump(Math.round(((x - LEFT) / (RIGHT - LEFT)) * last));
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
  const keys = { ArrowLeft: () => jump(step - 1), ArrowRight: () => jump(step + 1), Home: () => jump(0), End: () => jump(last) };
  if (event.target.tagName !== "BUTTON") keys[" "] = () => $("play").click();
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});
document.addEventListener("pointermove", (event) => {
  const { vm, slot, fragment } = event.target.dataset ?? {};
  const known = vm ?? slot ?? fragment;
  $("tip").hidden = known === undefined;
  if (known === undefined) return;
  if (vm) {
    const { name, cores, kind } = plan.vms[vm];
    const steps = stepsOf((move) => move.vm === Number(vm));
    $("tip").textContent = `${name}: ${plural(cores, "core")}, ${kind}${steps.length ? `; moves in step ${steps.join(", ")}` : ""}`;
  } else $("tip").textContent = slot ? `${plural(Number(slot), "free core")} in a whole slot` : `${plural(Number(fragment), "free core")}: a fragment`;
  const right = event.clientX > window.innerWidth - 260;
  $("tip").style.left = right ? "auto" : `${event.clientX + 12}px`;
  $("tip").style.right = right ? `${window.innerWidth - event.clientX + 12}px` : "auto";
  $("tip").style.top = `${event.clientY + 16}px`;
});
window.addEventListener("resize", showArrow);
show(0);
