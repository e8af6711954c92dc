"use strict";
// The page itself. Names come from tables: they reach the document as text alone.

(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const model = data.model && makePredictor(data.model);
const groups = data.groups, isValues = data.kind === "values";
const nodes = new Map(data.nodes.map((node) => [node.number, node]));
const root = data.nodes[0];
const mixes = data.inference === "mixture"; // a soft tree that answers by all leaves
const isSoft = data.inference !== null;
const byId = (id) => document.getElementById(id);
const canvas = byId("canvas"), svg = byId("tree"), card = byId("card");

/** For tests, and for whoever wants the page's own answers. */
window.skdistill = {
  predict(rows) {
    if (!model) throw new Error(data.reason);
    return model.predict(rows);
  },
};

// --- Small things -------------------------------------------------------------------

function add(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
const make = (tag, attributes = {}, ...children) =>
  add(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  add(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function percent(share) {
  if (share > 0 && share < 0.001) return "<\u00a00.1\u00a0%";
  if (share < 1 - 1e-9 && share > 0.999) return ">\u00a099.9\u00a0%"; // sums are rounded
  let digits = share < 0.0995 || share > 0.9905 ? 1 : 0;
  // On which side of a half a share is decides.
  while (Number((100 * share).toFixed(digits)) === 50 && share !== 0.5 && digits < 12) digits += 1;
  return `${(100 * share).toFixed(digits).replace(/\.0+$/, "")}\u00a0%`;
}

/** A value to so many digits as its output's range needs. */
function number(value, spread) {
  if (value === null) return "?";
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return value.toPrecision(4);
  const digits = 2 - Math.floor(Math.log10(spread > 0 ? spread : size || 1));
  const shown = Math.min(15, Math.max(0, digits));
  return value.toLocaleString("en", { maximumFractionDigits: shown });
}

const OTHER = "var(--muted)"; // of classes without a colour of their own
function colour(k) {
  return k < 10 ? `var(--class-${k})` : `hsl(${(137.508 * k) % 360} 45% 55%)`;
}

const pen = document.createElement("canvas").getContext("2d");
function width(text, font) {
  pen.font = `${font} system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
  return pen.measureText(text).width;
}

/** Lines that are no wider than `most`; what goes beyond the last one ends in dots. */
function wrapped(text, most, nLines, font) {
  const pieces = text.split(" ").flatMap((word) => {
    if (width(word, font) <= most) return [word];
    const letters = letters_of(word), parts = [];
    while (letters.length) {
      let part = letters.shift();
      while (letters.length && width(part + letters[0], font) <= most) part += letters.shift();
      parts.push(part);
    }
    return parts;
  });
  const lines = [pieces[0]];
  for (const piece of pieces.slice(1)) {
    const longer = `${lines[lines.length - 1]} ${piece}`;
    if (width(longer, font) <= most) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  if (lines.length <= nLines) return lines;
  const last = letters_of(lines[nLines - 1]);
  while (last.length && width(last.join("") + "…", font) > most) last.pop();
  return [...lines.slice(0, nLines - 1), `${last.join("")}…`];
}

/** What a reader takes for one letter, marks and joiners included. */
function letters_of(word) {
  if (!Intl.Segmenter) return Array.from(word);
  return Array.from(new Intl.Segmenter().segment(word), (part) => part.segment);
}

// --- What answers say ---------------------------------------------------------------

let start = 0;
for (const group of groups) {
  group.start = start;
  // Each of several labels has two columns: no and yes.
  start += group.labels.length * (data.kind === "labels" ? 2 : 1);
  group.fills = group.labels.map((_, i) => colour(i));
  if (data.kind === "classes" && group.labels.length > 10) setOwnColours(group);
}

/** As in the picture: the likeliest of some node have one, and those with a quarter. */
function setOwnColours(group) {
  const own = new Set();
  for (const { value } of data.nodes) {
    const shares = value.slice(group.start, group.start + group.labels.length);
    own.add(shares.indexOf(Math.max(...shares)));
    shares.forEach((share, i) => share >= 0.25 && own.add(i));
  }
  group.fills.fill(OTHER);
  [...own].sort((a, b) => a - b).forEach((i, rank) => (group.fills[i] = colour(rank)));
}
const ranges = root.value.map((_, k) => {
  const all = data.nodes.map((node) => node.value[k]).filter((v) => v !== null);
  const low = Math.min(...all), high = Math.max(...all);
  return { low, high, spread: high - low };
});

/** [label, share or place in the range, text, colour] of each part of a group. */
function parts(value, group) {
  return group.labels.map((label, i) => {
    if (isValues) {
      const k = group.start + i, { low, spread } = ranges[k];
      const place = spread > 0 ? (value[k] - low) / spread : 0.5;
      return [label, Math.min(1, Math.max(0, place)), number(value[k], spread), colour(0)];
    }
    const k = data.kind === "labels" ? group.start + 2 * i + 1 : group.start + i;
    return [label, value[k], percent(value[k]), group.fills[i]];
  });
}

const likeliest = (all) => all.reduce((a, b) => (b[1] > a[1] ? b : a));

/** A label and its share; apart, where one could be taken for a part of the other. */
function named(label, text) {
  const isPlain = /^\d/.test(text) && !/^[\s\d.,<>=+-]*$/.test(label);
  return isPlain ? `${label} ${text}` : `${label}: ${text}`;
}

/** What is said, in a line or some: of two classes the second, as in the text, or the likelier. */
function headlines(value, decides = false) {
  return groups.flatMap((group) => {
    const all = parts(value, group);
    if (isValues) {
      return all.map(([label, , text]) => (all.length > 1 ? `${label}: ${text}` : text));
    }
    if (data.kind === "labels") {
      const held = all.filter((each) => each[1] > 0.5);
      return (held.length ? held : [likeliest(all)]).map(([label, , text]) => named(label, text));
    }
    const [label, , text] = all.length === 2 && !decides ? all[1] : likeliest(all);
    return [group.name === null ? named(label, text) : `${group.name} = ${label}: ${text}`];
  });
}

/** A list with a bar for each part; beyond ten the least are left out. */
function bars(value, group) {
  const list = make("dl", { class: "bars" });
  let all = parts(value, group);
  const best = isValues || data.kind === "labels" ? null : likeliest(all);
  const rest = all.length - 10;
  if (rest > 0 && !isValues) all = [...all].sort((a, b) => b[1] - a[1]).slice(0, 10);
  for (const part of all) {
    const [label, share, text, fill] = part;
    const bar = make("i");
    bar.style.cssText = isValues
      ? `left:calc(${100 * share}% - 3px);width:6px;background:${fill}`
      : `left:0;width:${100 * share}%;background:${fill}`;
    const cls = part === best ? "best" : null;
    list.append(make("dt", { class: cls, text: label }),
      make("div", { class: "track", "aria-hidden": "true" }, bar),
      make("dd", { class: cls, text }));
  }
  const beside = [group.name, rest > 0 && !isValues ? `and ${rest} smaller` : null];
  const remark = (text) => (text === null ? [] : [make("p", { class: "muted", text })]);
  const [name, more] = beside.map(remark);
  return [...name, list, ...more];
}

// --- The tree as it is shown --------------------------------------------------------

for (const node of data.nodes) {
  node.isLeaf = !node.children.length;
  node.sizes = {};
  node.children.forEach((number, i) => {
    Object.assign(nodes.get(number), { parent: node, answer: i ? "no" : "yes", place: i + 1 });
  });
}
for (const node of [...data.nodes].reverse()) {
  node.nLeaves = node.isLeaf ? 1 : node.children.reduce((n, c) => n + nodes.get(c).nLeaves, 0);
}

const folded = new Set(), found = new Set();
let isOutline = false, isPrinting = false, hasFolded = false, described = null;
let current = root, followed = null, extent = null;
const view = { x: 0, y: 0, k: 1 };
const narrow = window.matchMedia("screen and (max-width: 760px)");

const isEnd = (node) => node.isLeaf || folded.has(node.number);
function shown() {
  const all = [];
  (function visit(node) {
    all.push(node);
    if (!isEnd(node)) node.children.forEach((number) => visit(nodes.get(number)));
  })(root);
  return all;
}

const LINE = 17, PAD = 9, GAP = 14, BAR = 8, SHARE = 50, KNOB = 9;
const WIDEST = isSoft ? 215 : 170, MOST_LINES = isSoft ? 4 : 3, THICKEST = 16, MOST_ROWS = 31;

/** Lines and size of a node; measured once for each width, as text takes its time. */
function size(node, most) {
  const key = `${most} ${isEnd(node)}`;
  node.sizes[key] ??= measured(node, most);
  Object.assign(node, node.sizes[key]);
}

function measured(node, most) {
  const texts = node.isLeaf ? headlines(node.value).slice(0, 3) : [node.question[0]];
  const font = node.isLeaf ? "600 13px" : "13px";
  const each = texts.length > 1 ? 1 : MOST_LINES;
  const lines = texts.flatMap((text) => wrapped(text, most, each, font));
  if (!node.isLeaf && isEnd(node)) {
    lines.push(...wrapped(`${node.nLeaves} leaves: ${headlines(node.value)[0]}`, most, 1, font));
  }
  const longest = Math.max(...lines.map((line) => width(line, font)));
  const w = Math.max(100, Math.ceil(longest)) + 2 * PAD + (node.isLeaf ? 0 : KNOB);
  return { lines, w, h: lines.length * LINE + BAR + 4 + 2 * PAD - 3 };
}

/** Left to right: leaves one below the other, all others beside the middle of theirs. */
function arrange(all) {
  const columns = [];
  for (const node of all) {
    size(node, WIDEST);
    columns[node.depth] = Math.max(columns[node.depth] || 0, node.w);
  }
  const left = [0];
  columns.forEach((w, depth) => left.push(left[depth] + w + 64));
  let y = 0;
  for (const node of [...all]) {
    node.x = left[node.depth];
    if (!isEnd(node)) continue;
    node.y = y + node.h / 2;
    y += node.h + GAP;
  }
  for (const node of [...all].reverse()) {
    if (isEnd(node)) continue;
    const [first, last] = node.children.map((number) => nodes.get(number).y);
    node.y = (first + last) / 2;
  }
  const right = Math.max(...all.map((node) => node.x + node.w));
  const top = Math.min(...all.map((node) => node.y - node.h / 2));
  const bottom = Math.max(...all.map((node) => node.y + node.h / 2));
  return { left: 0, right, top, bottom };
}

/** Indented, one below the other: for narrow screens. */
function arrangeOutline(all) {
  const room = Math.min(900, Math.max(260, canvas.clientWidth - 16));
  const deepest = Math.max(...all.map((node) => node.depth));
  const indent = Math.min(24, Math.max(8, (room - 190) / Math.max(1, deepest)));
  let y = 0;
  for (const node of all) {
    node.x = node.depth * indent;
    size(node, room - node.x - 2 * PAD - (node.isLeaf ? 0 : 26));
    node.w = room - node.x;
    node.y = y + node.h / 2;
    y += node.h + (isEnd(node) ? 16 : 14);
  }
  return { left: 0, right: room, top: 0, bottom: y };
}

function build() {
  const all = shown(), hadFocus = svg.contains(document.activeElement);
  extent = isOutline ? arrangeOutline(all) : arrange(all);
  if (!all.includes(current)) current = root;
  canvas.classList.toggle("outline", isOutline);
  const world = draw("g", { id: "world", role: "presentation" });
  const edges = draw("g", { "aria-hidden": "true" });
  const boxes = draw("g", { role: "presentation" });
  for (const node of all) {
    if (node.parent) edges.append(...drawEdge(node));
    boxes.append((node.element = drawNode(node)));
  }
  world.append(edges, boxes);
  svg.replaceChildren(world);
  if (isOutline) {
    svg.setAttribute("viewBox", `-8 -8 ${extent.right + 16} ${extent.bottom + 8}`);
  } else {
    svg.removeAttribute("viewBox");
  }
  move();
  paint();
  if (hadFocus) current.element.focus({ preventScroll: true });
}

function drawEdge(node) {
  node.edge = draw("path", { class: "edge" });
  node.word = draw("text", { class: "answer", text: node.answer });
  return [node.edge, node.word];
}

function drawNode(node) {
  const { x, y, w, h } = node, top = y - h / 2;
  const group = draw("g", {
    class: node.isLeaf ? "node leaf" : "node",
    role: "treeitem",
    tabindex: node === current ? 0 : -1,
    "aria-level": node.depth + 1,
    "aria-setsize": node.parent ? 2 : 1,
    "aria-posinset": node.place || 1,
    "aria-expanded": node.isLeaf ? null : String(!folded.has(node.number)),
    "aria-selected": "false",
    "data-node": node.number,
    onclick: (event) => (event.target.closest(".toggle") ? toggle(node) : choose(node)),
    ondblclick: (event) => event.target.closest(".toggle") || toggle(node),
    onfocus: () => choose(node),
    onblur: hideCard,
    onpointerenter: (event) => event.pointerType === "mouse" && showCard(node),
    onpointerleave: hideCard,
  });
  group.append(draw("rect", { class: "box", x, y: top, width: w, height: h, rx: 8 }));
  node.lines.forEach((line, i) => group.append(draw("text", {
    class: "line", x: x + PAD, y: top + PAD + 12 + i * LINE, text: line,
  }), " ")); // for readers aloud two lines are not one word
  const barTop = top + h - PAD - BAR;
  const right = x + w - PAD - (node.isLeaf ? 0 : KNOB);
  node.small = draw("text", { class: "small", x: right, y: barTop + 8, "text-anchor": "end" });
  group.append(...drawBar(node.value, x + PAD, barTop, right - x - PAD - SHARE), node.small);
  if (!node.isLeaf) group.append(drawToggle(node));
  return group;
}

/** A bar for each group, or part, side by side in the width that there is. */
function drawBar(value, x, y, room) {
  const rows = groups.flatMap((group) => {
    const all = parts(value, group).filter((part) => part[3] !== OTHER);
    return isValues || data.kind === "labels" ? all.map((part) => [part]) : [all];
  }).slice(0, 8);
  const each = room / rows.length, drawn = [];
  rows.forEach((row, i) => {
    const left = x + i * each, wide = each - (rows.length > 1 ? 2 : 0);
    drawn.push(draw("rect", { x: left, y, width: wide, height: BAR, rx: 2, fill: "var(--rest)" }));
    let at = left;
    if (isValues) {
      at += (wide - 5) * row[0][1];
      const fill = row[0][3];
      drawn.push(draw("rect", { x: at, y: y - 1, width: 5, height: BAR + 2, rx: 2, fill }));
      return;
    }
    for (const [, share, , fill] of row) {
      if (share * wide > 0.3) {
        drawn.push(draw("rect", { x: at, y, width: share * wide, height: BAR, fill }));
      }
      at += share * wide;
    }
  });
  return drawn;
}

function drawToggle(node) {
  const x = node.x + node.w - (isOutline ? 16 : 0);
  const y = isOutline ? node.y - node.h / 2 + 16 : node.y;
  const sign = folded.has(node.number) ? `M${x} ${y - 4}V${y + 4}` : "";
  return draw("g", { class: "toggle", "aria-hidden": "true" },
    draw("circle", { cx: x, cy: y, r: 8 }),
    draw("path", { d: `M${x - 4} ${y}H${x + 4}${sign}` }));
}

// --- What changes while a row is followed -------------------------------------------

const share = (node) => (followed && isSoft ? followed.reach[node.number] : node.mass);

function paint() {
  svg.classList.toggle("followed", followed !== null);
  svg.classList.toggle("mixed", followed !== null && mixes);
  const way = new Set(followed ? followed.way : []);
  const whole = followed && isSoft ? "this row" : "all rows";
  byId("measure").textContent = `Edges and small numbers: share of ${whole}`;
  for (const node of shown()) {
    const isOn = way.has(node.number);
    node.element.classList.toggle("way", isOn);
    node.element.classList.toggle("found", found.has(node.number));
    node.element.setAttribute("aria-selected", String(node === current));
    if (followed && mixes) {
      const strength = 0.3 + 0.7 * Math.sqrt(followed.reach[node.number]);
      node.element.style.setProperty("--reach", strength.toFixed(3));
    }
    node.small.textContent = percent(share(node));
    node.element.setAttribute("aria-label", spoken(node, isOn));
    if (node.parent) placeEdge(node, isOn);
  }
}

function placeEdge(node, isOn) {
  const { parent, edge, word } = node, thick = 1.2 + THICKEST * share(node);
  edge.setAttribute("stroke-width", Math.max(isOn ? 3 : 1.2, thick).toFixed(2));
  for (const each of [edge, word]) each.classList.toggle("way", isOn);
  if (isOutline) {
    const x = parent.x + 7, middle = node.y;
    edge.setAttribute("stroke-width", isOn ? 3 : 1.5);
    edge.setAttribute("d", `M${x} ${parent.y + parent.h / 2}V${middle}H${node.x}`);
    word.setAttribute("x", node.x + 2);
    word.setAttribute("y", node.y - node.h / 2 - 3);
    return;
  }
  const [first, last] = parent.children.map((number) => THICKEST * share(nodes.get(number)));
  const from = parent.y + (node.place === 1 ? -last / 2 : first / 2);
  const x0 = parent.x + parent.w, x1 = node.x, bend = (x1 - x0) / 2;
  const bent = `${x0 + bend} ${from} ${x1 - bend} ${node.y} ${x1} ${node.y}`;
  edge.setAttribute("d", `M${x0} ${from}C${bent}`);
  word.setAttribute("text-anchor", "end");
  word.setAttribute("x", x1 - 5);
  word.setAttribute("y", node.y + (node.place === 1 ? -5 - thick / 2 : 13 + thick / 2));
}

/** What a node shows, as it shows it, and then the rest. */
function spoken(node, isOn) {
  const line = node.lines.join(" "), isCut = line.includes("…");
  const rows = followed && isSoft ? "of this row" : "of rows";
  const parts = [`${line} ${node.small.textContent} ${rows}`];
  if (isCut && !node.isLeaf) parts.push(`in full ${node.question[0]}`);
  if (node.parent) parts.push(`answer before: ${node.answer}`);
  if (!node.isLeaf || isCut) parts.push(headlines(node.value).join(", "));
  if (isOn) parts.push("on the row's way");
  return parts.join(", ");
}

// --- Details of a node --------------------------------------------------------------

function choose(node) {
  if (node !== current) {
    current.element.setAttribute("tabindex", -1);
    node.element.setAttribute("tabindex", 0);
    current = node;
  }
  for (const each of shown()) each.element.setAttribute("aria-selected", String(each === node));
  if (document.activeElement !== node.element) node.element.focus({ preventScroll: true });
  reveal(node);
  showCard(node);
}

function showCard(node) {
  const lines = [make("h3", { text: node.isLeaf ? `Leaf ${node.number}` : node.question[0] })];
  if (!node.isLeaf && !isSoft) { // a gap is on one of the two sides
    lines.push(make("p", { class: "muted", text: `otherwise: ${node.question[1]}` }));
  }
  if (node.note) lines.push(make("p", { class: "muted", text: node.note }));
  const hasLabels = node.labels && node.rows;
  if (hasLabels) lines.push(make("p", { class: "muted", text: "What the tree says" }));
  for (const group of groups) lines.push(...bars(node.value, group));
  if (hasLabels) {
    lines.push(make("p", { class: "muted", text: "Labels of the rows that come here" }));
    for (const group of groups) lines.push(...bars(node.labels, group));
  }
  const rows = node.rows == null ? "" : `, ${node.rows.toLocaleString("en")} rows`;
  const below = node.isLeaf ? "" : `; ${node.nLeaves} leaves below`;
  lines.push(make("p", { text: `${percent(node.mass)} of rows${rows}${below}` }));
  if (node.fidelity != null) {
    const alike = `The teacher's class for ${percent(node.fidelity)} of these rows`;
    lines.push(make("p", { text: alike }));
  }
  if (followed && isSoft) {
    lines.push(make("p", { text: `${percent(followed.reach[node.number])} of this row` }));
  }
  card.replaceChildren(...lines);
  card.hidden = false;
  described = node;
  placeCard(node.element.getBoundingClientRect());
}

/** Beside the node, where the canvas has room. */
function placeCard(box) {
  const { offsetWidth: w, offsetHeight: h } = card, room = canvas.getBoundingClientRect();
  const top = Math.max(4, room.top + 4), bottom = Math.min(innerHeight, room.bottom) - h - 4;
  const isRight = box.right + 14 + w < room.right, isLeft = box.left - 14 - w > room.left;
  let x = isRight ? box.right + 14 : box.left - 14 - w, y = box.top + box.height / 2 - h / 2;
  if (!isRight && !isLeft) {
    x = Math.min(room.right - w - 4, Math.max(4, (box.left + box.right - w) / 2));
    y = box.bottom + 8 <= bottom ? box.bottom + 8 : box.top - 8 - h;
  }
  card.style.left = `${Math.max(4, x)}px`;
  card.style.top = `${Math.max(top, Math.min(bottom, y))}px`;
}

function hideCard() {
  card.hidden = true;
}

function followCard() {
  if (card.hidden) return;
  const box = described.element.getBoundingClientRect();
  if (box.bottom < 0 || box.top > innerHeight) hideCard();
  else placeCard(box);
}

// --- Folding ------------------------------------------------------------------------

function toggle(node) {
  if (node.isLeaf) return;
  hasFolded = true;
  if (!folded.delete(node.number)) folded.add(node.number);
  current = node;
  hideCard();
  build();
  reveal(node);
}

function unfoldAll() {
  hasFolded = true;
  folded.clear();
  build();
  if (!isOutline) fit(0.65);
}

/** Fold the subtrees with the fewest rows, until what is left can be read at once. */
function foldToFit() {
  folded.clear();
  const room = { w: canvas.clientWidth, h: canvas.clientHeight };
  for (;;) {
    const { bottom, top, right } = arrange(shown());
    const isSmall = isOutline ? shown().length <= MOST_ROWS
      : bottom - top <= room.h / 0.7 && right <= room.w / 0.6;
    const below = shown().filter((node) => !isEnd(node) && node !== root
      && node.children.every((number) => isEnd(nodes.get(number))));
    if (isSmall || !below.length) break;
    folded.add(below.reduce((a, b) => (b.mass < a.mass ? b : a)).number);
  }
  build();
  if (!isOutline) fit();
}

/** Fold all but the first two questions, for a first look. */
function foldDeep() {
  hasFolded = true;
  folded.clear();
  for (const node of data.nodes) if (!node.isLeaf && node.depth >= 2) folded.add(node.number);
  build();
  if (!isOutline) fit();
}

function unfoldTo(node) {
  let changed = false;
  for (let each = node.parent; each; each = each.parent) {
    changed = folded.delete(each.number) || changed;
  }
  return changed;
}

// --- Zoom and pan -------------------------------------------------------------------

function move() {
  const world = byId("world");
  if (!world) return;
  if (isOutline) world.removeAttribute("transform");
  else world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
}

/** A page in a frame may be drawn before the frame has a size. */
let hadSize = canvas.clientWidth > 0 && canvas.clientHeight > 0;
function sized() {
  const hasSize = canvas.clientWidth > 0 && canvas.clientHeight > 0;
  if (hasSize && !hadSize && !isPrinting) arrangeAnew();
  hadSize = hasSize;
}

/** All in view; or, where that would be smaller than `least`, the root and its side. */
function fit(least = 0.1) {
  const { clientWidth: w, clientHeight: h } = canvas, { left, right, top, bottom } = extent;
  if (!w || !h) return; // a frame that is not laid out yet: `sized` fits it
  const whole = Math.min(w / (right - left + 50), h / (bottom - top + 50));
  view.k = Math.min(1.25, Math.max(least, whole));
  const isWide = view.k * (right - left + 50) > w, isHigh = view.k * (bottom - top + 50) > h;
  view.x = isWide ? 24 - view.k * left : (w - view.k * (left + right)) / 2;
  view.y = h / 2 - view.k * (isHigh ? root.y : (top + bottom) / 2);
  move();
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const k = Math.min(4, Math.max(0.1, view.k * factor));
  view.x = x - (x - view.x) * (k / view.k);
  view.y = y - (y - view.y) * (k / view.k);
  view.k = k;
  hideCard();
  move();
}

/** Bring a node into the canvas. */
function reveal(node) {
  if (isOutline) {
    node.element.scrollIntoView({ block: "nearest" });
    return;
  }
  const box = node.element.getBoundingClientRect(), room = canvas.getBoundingClientRect();
  const inside = (low, high, from, to) =>
    low < from ? from - low : high > to ? Math.max(to - high, from - low) : 0;
  view.x += inside(box.left, box.right, room.left + 12, room.right - 12);
  view.y += inside(box.top, box.bottom, room.top + 12, room.bottom - 12);
  move();
}

function onWheel(event) {
  if (isOutline) return;
  const { left, top } = canvas.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.004), event.clientX - left, event.clientY - top);
    return;
  }
  // Where all is in view already, the wheel is the document's.
  const isWhole = view.k * (extent.right - extent.left) <= canvas.clientWidth
    && view.k * (extent.bottom - extent.top) <= canvas.clientHeight;
  if (isWhole) return;
  event.preventDefault();
  view.x -= event.deltaX;
  view.y -= event.deltaY;
  hideCard();
  move();
}

const fingers = new Map();
function onDown(event) {
  if (isOutline || (event.pointerType === "mouse" && event.button)) return;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, far: 0 });
}

function onMove(event) {
  const finger = fingers.get(event.pointerId);
  if (!finger) return;
  const dx = event.clientX - finger.x, dy = event.clientY - finger.y;
  if (fingers.size === 2) pinch(event, dx, dy);
  else {
    finger.far += Math.abs(dx) + Math.abs(dy);
    if (finger.far > 4) drag(event, dx, dy);
  }
  finger.x = event.clientX;
  finger.y = event.clientY;
}

function drag(event, dx, dy) {
  if (!canvas.classList.contains("dragged")) {
    canvas.classList.add("dragged");
    svg.setPointerCapture(event.pointerId); // not before: a click is the node's
    hideCard();
  }
  view.x += dx;
  view.y += dy;
  move();
}

function pinch(event, dx, dy) {
  const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, each]) => each);
  const apart = (x, y) => Math.hypot(x - other.x, y - other.y);
  const before = apart(event.clientX - dx, event.clientY - dy);
  const { left, top } = canvas.getBoundingClientRect();
  const after = apart(event.clientX, event.clientY);
  const x = (event.clientX + other.x) / 2 - left, y = (event.clientY + other.y) / 2 - top;
  if (before > 0) zoom(after / before, x, y);
}

function onUp(event) {
  fingers.delete(event.pointerId);
  canvas.classList.remove("dragged");
}

function setOutline(wanted) {
  isOutline = wanted;
  byId("outline").setAttribute("aria-pressed", String(wanted));
  for (const id of ["smaller", "fit", "larger"]) byId(id).disabled = wanted;
  hideCard();
  arrangeAnew();
}

/** For another size or layout; what the reader has folded stays so. */
function arrangeAnew() {
  if (!hasFolded) foldToFit();
  else {
    build();
    if (!isOutline) fit();
  }
}

// --- Keys ---------------------------------------------------------------------------

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const all = shown(), at = all.indexOf(current), first = nodes.get(current.children[0]);
  const steps = {
    ArrowDown: () => all[at + 1],
    ArrowUp: () => all[at - 1],
    ArrowRight: () => (isEnd(current) ? unfoldHere() : first),
    ArrowLeft: () => (isOutline && !isEnd(current) ? toggle(current) : current.parent),
    Home: () => root,
    End: () => all[all.length - 1],
    Enter: () => toggle(current),
    " ": () => toggle(current),
    Escape: hideCard,
  };
  const zooms = { "+": 1.25, "-": 0.8 };
  if (zooms[event.key] && !isOutline) zoom(zooms[event.key]);
  else if (!steps[event.key]) return;
  else {
    const next = steps[event.key]();
    if (next) choose(next);
  }
  event.preventDefault();
}

function unfoldHere() {
  if (folded.has(current.number)) toggle(current);
}

// --- Searching a column -------------------------------------------------------------

function asksAbout(node, text) {
  if (node.isLeaf) return false;
  const exact = data.names.indexOf(text);
  if (exact >= 0 && node.columns.length) return node.columns.includes(exact);
  return node.question[0].toLowerCase().includes(text.toLowerCase());
}

function search() {
  const text = byId("search").value.trim();
  found.clear();
  if (text) for (const node of data.nodes) if (asksAbout(node, text)) found.add(node.number);
  const opened = [...found].map((number) => unfoldTo(nodes.get(number))).some(Boolean);
  const n = found.size;
  byId("found").textContent = text ? `${n || "no"} question${n === 1 ? "" : "s"}` : "";
  if (opened) build();
  else paint();
}

function nextFound(event) {
  if (event.key !== "Enter" || !found.size) return;
  event.preventDefault();
  const all = [...found], at = all.indexOf(nextFound.last);
  nextFound.last = all[(at + 1) % all.length];
  reveal(nodes.get(nextFound.last));
  showCard(nodes.get(nextFound.last));
}

// --- The row ------------------------------------------------------------------------

const raw = data.names.map(() => 0);
const fields = new Map();
let isFollowing = false;

function setValue(column, value) {
  raw[column.column] = value;
  fields.get(column.column).show(value);
}

function reset() {
  for (const column of data.columns) setValue(column, column.start);
  refresh();
}

function changed(column, value) {
  raw[column.column] = value;
  isFollowing = true;
  refresh();
}

function refresh() {
  if (!model) return;
  const result = model.follow(raw);
  followed = isFollowing ? result : null;
  const asked = new Set(result.way.flatMap((number) => nodes.get(number).columns));
  for (const [column, { element }] of fields) {
    element.classList.toggle("asked", isFollowing && asked.has(column));
  }
  byId("follow").setAttribute("aria-pressed", String(isFollowing));
  byId("whose").textContent = isTypical() ? "Answer for a typical row" : "Answer for this row";
  const end = nodes.get(result.way[result.way.length - 1]);
  const lines = headlines(result.answer, true);
  byId("answer").replaceChildren(
    ...(lines.length > 1 ? [] : [make("p", { class: "headline", text: lines[0] })]),
    ...groups.flatMap((group) => bars(result.answer, group)));
  byId("way").replaceChildren(...(isFollowing ? steps(result) : []));
  if (isFollowing && !mixes && unfoldTo(end)) {
    build();
    if (!isOutline) { // there, a form below would scroll away
      fit(0.65);
      reveal(end);
    }
  } else paint();
}

const isTypical = () => data.columns.every((each) => Object.is(raw[each.column], each.start));

/** The way in words, a line for each node; beside it what the row holds. */
function steps({ way, reach }) {
  const lines = way.slice(1).map((number) => {
    const node = nodes.get(number), { parent } = node;
    const sure = `${percent(reach[number] / reach[parent.number])} this way`;
    const held = (column) => fields.get(column).words(raw[column]);
    const why = isSoft ? sure : parent.columns.map(held);
    const side = parent.question[node.place - 1];
    return make("li", {}, `${side} `, make("span", { class: "muted", text: `(${why})` }));
  });
  const end = nodes.get(way[way.length - 1]);
  const part = mixes ? `, ${percent(reach[end.number])} of the answer` : "";
  const about = `leaf ${end.number}${part}: ${headlines(end.value).join(", ")}`;
  return [...lines, make("li", { text: about })];
}

function makeForm() {
  const form = byId("row"), least = data.columns.slice(12);
  form.append(...data.columns.slice(0, 12).map(makeField));
  if (least.length) {
    form.append(make("details", {},
      make("summary", { text: `${least.length} columns that matter less` }),
      ...least.map(makeField)));
  }
}

function makeField(column) {
  const field = column.kind === "category" ? categoryField(column) : numberField(column);
  fields.set(column.column, field);
  return field.element;
}

function categoryField(column) {
  const id = `column-${column.column}`, codes = column.options.map(([, code]) => code);
  // By place: a gap may have the code of another category.
  const options = column.options.map(([text], i) => make("option", { value: i, text }));
  const select = make("select", {
    id, onchange: () => changed(column, codes[select.selectedIndex]),
  }, ...options);
  return {
    element: make("div", { class: "field" }, make("label", { for: id, text: column.name }), select),
    show: (code) => (select.selectedIndex = codes.indexOf(code)),
    words() {
      const i = select.selectedIndex;
      return i < 0 ? "" : column.options[i][0];
    },
  };
}

function numberField(column) {
  const id = `column-${column.column}`, { low, high, step } = column;
  const box = make("input", { id, type: "number", step: "any", placeholder: "missing" });
  const parts = [], take = (value) => {
    show(value);
    changed(column, value);
  };
  const slider = high > low ? make("input", {
    type: "range", min: low, max: high, step, "aria-label": `${column.name}, slider`,
    oninput: () => take(Number(slider.value)),
  }) : null;
  if (slider) parts.push(make("div", { class: "slider" }, slider, ticks(column)));
  box.addEventListener("input", () => {
    if (box.value !== "" && Number.isFinite(box.valueAsNumber)) take(box.valueAsNumber);
  });
  box.addEventListener("change", () => box.value === "" && show(raw[column.column]));
  parts.push(box);
  const gap = column.gap ? make("input", {
    type: "checkbox", "aria-label": `${column.name} is missing`,
    onchange: () => take(gap.checked ? NaN : Number(slider ? slider.value : column.start || 0)),
  }) : null;
  if (gap) parts.push(make("label", { class: "gap" }, gap, "missing"));

  function show(value) {
    const isGap = Number.isNaN(value);
    if (gap) gap.checked = isGap;
    if (isGap) box.value = "";
    else if (box.value === "" || box.valueAsNumber !== value) box.value = value;
    if (slider && !isGap) slider.value = value;
    for (const each of [slider, box]) if (each) each.classList.toggle("off", isGap);
  }
  return {
    element: make("div", { class: "field" },
      make("label", { for: id, text: column.name }), make("div", { class: "inputs" }, ...parts)),
    show,
    words: (value) => (Number.isNaN(value) ? "missing" : String(value)),
  };
}

/** Where the tree's questions cut the column. */
function ticks({ cuts, low, high }) {
  const marks = cuts.map((cut) => {
    const x = 2.5 + 95 * (cut - low) / (high - low); // the knob's middle
    return draw("line", { x1: `${x}%`, x2: `${x}%`, y1: 0, y2: 5 });
  });
  return draw("svg", { class: "ticks", "aria-hidden": "true" }, ...marks);
}

// --- A row that is pasted -----------------------------------------------------------

const GAPS = new Set(["", "na", "n/a", "nan", "nat", "null", "none", "<na>"]);

/** The cells of lines of CSV, quotes taken off. */
function cells(text) {
  const first = text.split("\n", 1)[0];
  const count = (mark) => first.split(mark).length;
  const mark = ["\t", ";", ","].reduce((a, b) => (count(b) > count(a) ? b : a));
  const rows = [[""]];
  let inQuotes = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i], row = rows[rows.length - 1], last = row.length - 1;
    if (c === '"' && inQuotes && text[i + 1] === '"') row[last] += text[i++];
    else if (c === '"' && (inQuotes || row[last] === "")) inQuotes = !inQuotes;
    else if (c === mark && !inQuotes) row.push("");
    else if (c === "\n" && !inQuotes) rows.push([""]);
    else row[last] += c;
  }
  return rows.filter((row) => row.length > 1 || row[0] !== "");
}

/** An object by names, or an array by position. */
function parsed(text) {
  const trimmed = text.replace(/\r\n?/g, "\n").trim();
  if (/^[[{]/.test(trimmed)) {
    const value = JSON.parse(trimmed);
    return Array.isArray(value) && typeof value[0] === "object" && value[0] ? value[0] : value;
  }
  const [first, second] = cells(trimmed);
  if (second === undefined) return first.map(gapless);
  return Object.fromEntries(first.map((name, i) => [name, gapless(second[i] ?? "", name)]));
}

/** Text of a file: what stands for a gap there, unless it is a known category. */
function gapless(text, name) {
  const j = typeof name === "number" ? name : data.keys.indexOf(name);
  const known = model.labels.get(j);
  if (known && known.codes.has(text)) return text;
  return GAPS.has(text.trim().toLowerCase()) ? null : text;
}

/** The value of a column in a row by names, as the table or as the page has them. */
function valueIn(row, j) {
  if (Array.isArray(row)) return row[j];
  const name = [data.keys[j], data.names[j]].find((each) => Object.hasOwn(row, each));
  if (name === undefined) throw new Error(`the row lacks ${data.names[j]}`);
  return row[name];
}

function take() {
  const said = byId("taken");
  said.className = "";
  try {
    const row = parsed(byId("text").value);
    if (Array.isArray(row) && row.length !== data.names.length) {
      throw new Error(`the row has ${row.length} values, and ${data.names.length} are wanted`);
    }
    const before = [...raw];
    const values = data.columns.map(({ column: j, name }) => {
      const value = model.readOne(valueIn(row, j), j, name);
      if (Math.abs(value) === Infinity) throw new Error(`${name} is infinite`);
      return value;
    });
    data.columns.forEach((column, i) => (raw[column.column] = values[i]));
    try {
      model.follow(raw);
    } catch (error) {
      before.forEach((value, j) => (raw[j] = value));
      throw error;
    }
    data.columns.forEach((column, i) => setValue(column, values[i]));
    isFollowing = true;
    refresh();
    said.textContent = "Taken: its way is shown.";
  } catch (error) {
    said.className = "wrong";
    said.textContent = `This is no row of the table: ${error.message}.`;
  }
}

// --- All together -------------------------------------------------------------------

function describe() {
  const n = root.nLeaves, depth = Math.max(...data.nodes.map((node) => node.depth));
  const facts = [`${n} ${n === 1 ? "leaf" : "leaves"}`, `depth ${depth}`];
  if (model) facts.push(`asks about ${data.columns.length} of ${data.names.length} columns`);
  byId("facts").textContent = [...facts, ...data.facts].join(" · ");
  byId("names").append(...data.columns.map(({ name }) => make("option", { value: name })));
  byId("legend").append(make("li", { id: "measure", class: "muted" }));
  if (isValues || groups.length > 1) return;
  const own = parts(root.value, groups[0]).filter((part) => part[3] !== OTHER);
  const isCut = own.length > 12, rest = groups[0].labels.length - Math.min(own.length, 12);
  if (isCut) own.sort((a, b) => b[1] - a[1]);
  const entry = (label, fill) => {
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = fill;
    return make("li", {}, swatch, label);
  };
  const all = own.slice(0, 12).map(([label, , , fill]) => entry(label, fill));
  if (isCut) all.push(make("li", { text: `and ${rest} more` }));
  else if (rest) all.push(entry(`${rest} other class${rest > 1 ? "es" : ""}`, "var(--rest)"));
  byId("legend").prepend(...all);
}

function listen() {
  const on = (id, type, act, options) => byId(id).addEventListener(type, act, options);
  on("unfold", "click", unfoldAll);
  on("fold", "click", foldDeep);
  on("fit", "click", () => fit());
  on("smaller", "click", () => zoom(0.8));
  on("larger", "click", () => zoom(1.25));
  on("outline", "click", () => setOutline(!isOutline));
  on("search", "input", search);
  on("search", "keydown", nextFound);
  on("tree", "keydown", onKey);
  on("canvas", "wheel", onWheel, { passive: false });
  on("canvas", "pointerdown", onDown);
  on("canvas", "pointermove", onMove);
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) on("canvas", type, onUp);
  on("reset", "click", () => {
    isFollowing = false;
    reset();
  });
  on("follow", "click", () => {
    isFollowing = !isFollowing;
    refresh();
  });
  on("take", "click", take);
  on("row", "submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideCard());
  narrow.addEventListener("change", () => setOutline(narrow.matches));
  window.addEventListener("resize", () => {
    if (!isPrinting) arrangeAnew(); // a sheet's size is none of the window's
  });
  new ResizeObserver(sized).observe(canvas);
  document.addEventListener("scroll", followCard, true);
  window.addEventListener("beforeprint", () => printed(true));
  window.addEventListener("afterprint", () => printed(false));
}

/** On paper all that is unfolded: as wide as the sheet, or, on several, as a list. */
function printed(starts) {
  const { left, right, top, bottom } = extent, w = right - left + 8, h = bottom - top + 8;
  const fits = !isOutline && w < 1700 && h * 1000 / Math.max(w, 1000) < 620;
  isPrinting = starts;
  hideCard();
  document.body.classList.toggle("listed", starts && !fits);
  byId("paper").replaceChildren(...(starts && !fits ? shown().map(onPaper) : []));
  if (isOutline) return;
  if (starts) {
    byId("world").removeAttribute("transform");
    svg.setAttribute("viewBox", `${left - 4} ${top - 4} ${Math.max(w, 1000)} ${h}`);
  } else {
    svg.removeAttribute("viewBox");
    move();
  }
}

function onPaper(node) {
  const side = node.parent ? `${node.answer} → ` : "", said = headlines(node.value).join(", ");
  const isOn = followed && followed.way.includes(node.number);
  const text = make(node.isLeaf || isOn ? "b" : "span",
    { text: side + (node.isLeaf ? said : `${node.question[0]}?`) });
  const below = !node.isLeaf && isEnd(node) ? ` (${node.nLeaves} leaves: ${said})` : "";
  const line = make("p", {}, text, below, make("i", { text: percent(share(node)) }));
  line.style.marginInlineStart = `${node.depth * 22}px`;
  return line;
}

describe();
listen();
if (model) {
  makeForm();
  const isOne = !data.columns.length;
  byId("hint").textContent = isOne ? "All rows get the same answer."
    : "Change a value, and the tree shows the way.";
  for (const id of ["follow", "reset", "paste"]) byId(id).hidden = isOne;
  for (const column of data.columns) setValue(column, column.start);
} else {
  byId("panel").replaceChildren(make("p", { class: "muted", text: data.reason }));
}
setOutline(narrow.matches);
if (model) refresh();
})();
