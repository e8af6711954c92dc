"use strict";
// What export/predictor.py computes from a tree's arrays, in the browser's own doubles.

const LARGEST_Z = 1e6, LARGEST_FLOAT32 = 1e30; // as there
const TINY = 2.2250738585072014e-308;
const TRUTHS = new Map([["true", 1], ["false", 0]]);

/** Arrays as Python packed them: base64 of little-endian numbers. */
function unpacked(packed) {
  const types = { f4: Float32Array, f8: Float64Array, i4: Int32Array };
  const bytes = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
  return new types[packed.type](bytes.buffer);
}

function softmax(logits) {
  const most = Math.max(...logits);
  const p = logits.map((each) => Math.exp(each - most));
  const total = p.reduce((sum, each) => sum + each, 0);
  return p.map((each) => each / total);
}

function logSoftmax(logits) {
  const most = Math.max(...logits);
  const total = logits.reduce((sum, each) => sum + Math.exp(each - most), 0);
  return logits.map((each) => each - most - Math.log(total));
}

/** The shares of the left and the right side. */
function sides(logit) {
  const z = Math.min(40, Math.max(-40, logit));
  return [1 / (1 + Math.exp(z)), 1 / (1 + Math.exp(-z))];
}

/** Cut at the widths of several targets, and joined again. */
function byTarget(values, widths, change) {
  let start = 0;
  return widths.map((width) => change(values.slice(start, (start += width))));
}

function makeNumber(value, name) {
  if (value === null || value === undefined) return NaN;
  if (typeof value !== "string") return Number(value);
  const text = value.trim(), number = TRUTHS.get(text.toLowerCase()) ?? Number(text);
  if (text && !Number.isNaN(number)) return number;
  throw new Error(`${name} holds numbers, and not '${value}'`);
}

/** A category as a key: numbers alike however they are written, texts as they are. */
function keyOf(value, ofText) {
  if (ofText) return String(value);
  const text = String(value).trim();
  const number = TRUTHS.get(text.toLowerCase()) ?? Number(text);
  const isExact = Number.isSafeInteger(number) || !Number.isInteger(number);
  return text && !Number.isNaN(number) && isExact ? String(number) : text;
}

/** The code of a category: a known one, another, or a gap. */
function makeCode(value, labels) {
  if (value === null || value === undefined || Number.isNaN(value)) return labels.gap;
  return labels.codes.get(keyOf(value, labels.ofText)) ?? labels.other;
}

function tableView(meta, arrays) {
  const width = meta.columns.length, bound = meta.is_scaled ? LARGEST_Z : LARGEST_FLOAT32;
  const labels = meta.labels.map((each) => {
    const ofText = each.bins.every(([category]) => typeof category === "string");
    const pairs = each.bins.map(([category, code]) => [keyOf(category, ofText), code]);
    return { ...each, ofText, codes: new Map(pairs) };
  });
  const ofColumn = new Map(labels.map((each) => [each.column, each]));
  const { view_center: center, view_inverse_scale: inverse } = arrays;

  function numbersOf(raw) {
    const x = meta.columns.map((column, i) => (meta.empty[i] ? NaN : raw[column]));
    const missing = x.map(Number.isNaN);
    if (!meta.takes_gaps && missing.includes(true)) {
      throw new Error("training had no gaps in numbers, and this row has one");
    }
    for (const [i, middle, size] of meta.tails) {
      const d = (x[i] - middle) / size;
      x[i] = Math.sign(d) * Math.log1p(Math.abs(d));
    }
    const filled = x.map((each, i) => (missing[i] ? arrays.view_filling[i] : each));
    return filled.concat(meta.gaps.map((i) => Number(missing[i])));
  }

  function indicatorsOf(each, code) {
    if (code === each.neutral) return each.unseen;
    return each.shown.map((one) => Number(one === code));
  }

  return {
    labels: ofColumn,
    read: (value, column, name) => ofColumn.has(column)
      ? makeCode(value, ofColumn.get(column)) : makeNumber(value, name),
    see(raw) {
      let z = numbersOf(raw);
      for (const each of labels) z = z.concat(indicatorsOf(each, raw[each.column]));
      if (arrays.view_order) z = Array.from(arrays.view_order, (i) => z[i]);
      if (meta.is_scaled) z = z.map((each, i) => (each - center[i]) * inverse[i]);
      return z.map((each) => Math.min(bound, Math.max(-bound, each)));
    },
  };
}

function plainView() {
  return {
    labels: new Map(),
    read: (value, column, name) => makeNumber(value, name),
    see(raw) {
      if (raw.some(Number.isNaN)) throw new Error("training had no gaps, and this row has one");
      return raw;
    },
  };
}

function hardTree(meta, arrays) {
  const { children_left: left, children_right: right, feature, threshold } = arrays;
  const n = arrays.values.length / left.length;
  return {
    /** The nodes on the way, and each node's share of the row. */
    follow(z) {
      const way = [0], reach = new Float64Array(left.length);
      reach[0] = 1;
      for (let node = 0; left[node] >= 0; ) {
        node = z[feature[node]] <= threshold[node] ? left[node] : right[node];
        way.push(node);
        reach[node] = 1;
      }
      return { way, reach };
    },
    outputs: (z, { way }) => {
      const leaf = way[way.length - 1];
      return Array.from(arrays.values.slice(leaf * n, leaf * n + n));
    },
    probabilities(z, followed) {
      return this.outputs(z, followed).map(Math.exp);
    },
  };
}

function softTree(meta, arrays) {
  const { gates, gate_weight: weight, gate_bias: bias } = arrays;
  const nGates = gates.length, nNodes = 2 * nGates + 1;
  const rank = new Int32Array(nNodes).fill(-1);
  gates.forEach((gate, i) => (rank[gate] = i));
  const leaves = [...rank.keys()].filter((node) => rank[node] < 0);
  const placeOf = new Map(leaves.map((node, i) => [node, i]));
  const nOutputs = arrays.leaf.length / leaves.length;

  function logitsOf(z) {
    const logits = Array.from(bias);
    z.forEach((each, i) => {
      for (let g = 0; g < nGates; g++) logits[g] += each * weight[i * nGates + g];
    });
    return logits;
  }

  function said(leaf, z) {
    const start = leaf * nOutputs;
    const values = Array.from(arrays.leaf.slice(start, start + nOutputs));
    if (arrays.leaf_weight) {
      const width = arrays.leaf.length;
      values.forEach((_, k) => z.forEach((each, i) => {
        values[k] += each * arrays.leaf_weight[i * width + start + k];
      }));
    }
    if (meta.is_classifier) return byTarget(values, meta.widths, softmax).flat();
    return meta.is_sorted ? values.sort((a, b) => a - b) : values;
  }

  function wayTo(leaf) {
    const way = [leaf];
    while (way[0]) way.unshift(gates[(way[0] - 1) >> 1]);
    return way;
  }

  function greedy(logits) {
    const way = [0];
    for (let node = 0; rank[node] >= 0; way.push(node)) {
      node = 2 * rank[node] + 1 + Number(logits[rank[node]] > 0);
    }
    return way;
  }

  return {
    follow(z) {
      const logits = logitsOf(z), reach = new Float64Array(nNodes);
      reach[0] = 1;
      gates.forEach((gate, i) => {
        const [left, right] = sides(logits[i]);
        reach[2 * i + 1] = reach[gate] * left;
        reach[2 * i + 2] = reach[gate] * right;
      });
      const likeliest = leaves.reduce((a, b) => (reach[b] > reach[a] ? b : a));
      return { way: meta.inference === "leaf" ? wayTo(likeliest) : greedy(logits), reach };
    },
    mixed(z, { way, reach }) {
      if (meta.inference !== "mixture") {
        return said(placeOf.get(way[way.length - 1]), z);
      }
      const total = new Array(nOutputs).fill(0);
      leaves.forEach((node, i) => {
        said(i, z).forEach((each, k) => (total[k] += reach[node] * each));
      });
      return total;
    },
    outputs(z, followed) {
      const values = this.mixed(z, followed);
      return meta.is_classifier ? values.map((p) => Math.log(Math.max(p, TINY))) : values;
    },
    probabilities(z, followed) {
      const p = this.mixed(z, followed), total = p.reduce((a, b) => a + b, 0);
      return p.map((each) => each / total);
    },
  };
}

/** A fitted tree: rows in, answers and ways out. */
function makePredictor({ meta, arrays: packed, names }) {
  const arrays = {};
  for (const name of Object.keys(packed)) arrays[name] = unpacked(packed[name]);
  const view = meta.view.kind === "plain" ? plainView() : tableView(meta.view, arrays);
  const tree = (meta.model.kind === "hard_tree" ? hardTree : softTree)(meta.model, arrays);

  function logProbabilities(z, followed) {
    let logits = tree.outputs(z, followed);
    if (arrays.shift) {
      const least = Math.log(TINY);
      logits = logSoftmax(logits).map((each, k) => Math.max(each, least) + arrays.shift[k]);
    }
    return byTarget(logits, meta.widths, logSoftmax);
  }

  /** One array of probabilities for each target. */
  function classes(z, followed) {
    if (!arrays.shift && meta.widths.length === 1) return [tree.probabilities(z, followed)];
    return logProbabilities(z, followed).map((part) => part.map(Math.exp));
  }

  function values(z, followed) {
    const outputs = tree.outputs(z, followed);
    if (meta.is_sorted) outputs.sort((a, b) => a - b);
    const { target_center: center, target_scale: scale } = arrays;
    return outputs.map((each, k) => each * scale[k % scale.length] + center[k % center.length]);
  }

  return {
    labels: view.labels,
    readOne: view.read,
    /** A row by position or by name, as numbers and codes of categories. */
    read(row) {
      const isList = Array.isArray(row), n = names.length;
      if (isList && row.length !== n) {
        throw new Error(`the row has ${row.length} values, and ${n} are wanted`);
      }
      const raw = names.map((name, j) => {
        if (!isList && !Object.hasOwn(row, name)) throw new Error(`the row lacks ${name}`);
        return view.read(isList ? row[j] : row[name], j, name);
      });
      const infinite = names.find((_, j) => Math.abs(raw[j]) === Infinity);
      if (infinite !== undefined) throw new Error(`${infinite} is infinite`);
      return raw;
    },
    /** The way of a row that was read, the share of each node, and the answer. */
    follow(raw) {
      const z = view.see(raw), followed = tree.follow(z);
      const answer = meta.is_classifier ? classes(z, followed).flat() : values(z, followed);
      return { ...followed, answer };
    },
    /** What predict_proba returns, or a regressor's predict. */
    predict(rows) {
      const answers = rows.map((row) => this.follow(this.read(row)).answer);
      if (!meta.is_classifier) return meta.is_flat ? answers.map(([one]) => one) : answers;
      if (meta.is_multilabel) return answers.map((p) => p.filter((_, k) => k % 2));
      if (meta.widths.length === 1) return answers;
      const apart = answers.map((p) => byTarget(p, meta.widths, (part) => part));
      return meta.widths.map((_, target) => apart.map((parts) => parts[target]));
    },
  };
}
