// The page's script: filters, the table of all points, and the charts. All figures
// come from the element "data". The script fetches nothing and stores nothing.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const root = document.documentElement;
  if (data.points === 0) return; // the page says so without a script
  root.classList.add("js");

  // make builds an element. Its text is never parsed as markup.
  const make = (tag, attributes = {}, ...children) => {
    const e = document.createElement(tag);
    for (const [name, v] of Object.entries(attributes)) {
      if (v === true) e.setAttribute(name, "");
      else if (v !== false && v != null) e.setAttribute(name, v);
    }
    e.append(...children);
    return e;
  };

  // Numbers are written as package units writes them: three significant digits, binary
  // units of size.
  const num = (v) => {
    if (v === 0) return "0";
    const digits = Math.min(Math.max(2 - Math.floor(Math.log10(Math.abs(v))), 0), 6);
    const s = v.toFixed(digits);
    return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
  };
  const size = (n) => {
    for (const [unit, of] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]]) if (n >= of) return num(n / of) + " " + unit;
    return n + " B";
  };
  // Only an exact 1 or 0 is 100 or 0, as package words writes shares.
  const percent = (v) => {
    if (v === 1 || v === 0) return String(v * 100);
    const digits = v < 0.01 || v > 0.99 ? 2 : 1, smallest = 10 ** -digits;
    const s = (v * 100).toFixed(digits);
    if (s === (100).toFixed(digits)) return ">" + (100 - smallest).toFixed(digits);
    if (s === (0).toFixed(digits)) return "<" + smallest.toFixed(digits);
    return s;
  };
  const count = (n) => n.toLocaleString("en");
  const plural = (n, noun) => count(n) + " " + noun + (n === 1 ? "" : "s");

  // The share k of n, null when n is 0. Its interval, where it has one, is that of the
  // tables: low and high are the fields that begin with stem, null without an interval.
  const share = (k, n, stem, i) => n > 0 ? { value: Math.min(k, n) / n, ...bounds(stem, i), n } : null;
  const bounds = (stem, i, unit = "") => {
    const low = stem ? fields[stem + "_low" + unit]?.[i] : null, high = stem ? fields[stem + "_high" + unit]?.[i] : null;
    return low == null || high == null ? {} : { low, high };
  };
  const hasInterval = (s) => s.low !== undefined;
  const intervalText = (s) => hasInterval(s) ? `[${percent(s.low)}, ${percent(s.high)}]` : "-";
  const sharePhrase = (s) => `${percent(s.value)}% ${hasInterval(s) ? intervalText(s) : "(no interval)"}, n=${count(s.n)}`;
  // Whether k of n independent trials are measurably more than half: k or more of n fair
  // coins have a probability of at most 2.5%.
  const mostly = (k, n) => {
    let term = 0.5 ** n, tail = term; // of n wins
    for (let wins = n; wins > k; wins--) tail += term *= wins / (n - wins + 1);
    return n > 0 && tail <= 0.025;
  };

  // ---- the points ----

  const fields = data.fields;
  const get = (key, i) => fields[key] ? fields[key][i] : 0;
  const units = { ms: (v) => num(v) + " ms", B: size, "%": (v) => num(v * 100) + "%", "1/s": (v) => num(v) + "/s" };
  const named = (v) => v === true ? "on" : v === false ? "off" : v === "" ? "none" : String(v);
  const orders = { strategy: data.strategies.map((s) => s.name), client: data.clients };
  const dimensions = data.coordinates.map((c) => ({
    key: c.key, label: c.label, unit: c.unit, text: units[c.unit] || named, order: orders[c.key],
  }));
  const dimension = (key) => dimensions.find((d) => d.key === key);
  const valuesOf = (d, rows) => {
    const values = [...new Set(rows.map((i) => get(d.key, i)))];
    return d.order ? d.order.filter((v) => values.includes(v)) : values.sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  };
  const everyRow = Array.from({ length: data.points }, (_, i) => i);
  const looks = new Map(data.strategies.map((s) => [s.name, s]));
  const plain = (v) => v == null ? "-" : String(v);
  const cellText = (column, i) => column.text ? column.text[i] : plain(fields[column.fields[0]][i]);
  const haystack = everyRow.map((i) => dimensions.map((d) => d.text(get(d.key, i))).join(" ").toLowerCase()
    + " " + String(get("lost_as", i) || "").toLowerCase());

  // The table has the largest losses first.
  const state = { chosen: new Map(), words: [], column: data.columns.find((c) => c.fields[0] === "delivered_share"), descending: false, page: 0, view: "main", rows: everyRow };
  const pageRows = 100;

  // ---- filters ----

  const buildFilters = () => {
    const form = $("filters");
    for (const d of dimensions) {
      const values = valuesOf(d, everyRow);
      if (values.length < 2) continue;
      state.chosen.set(d.key, new Set());
      const chips = make("div", { class: "chips" });
      values.forEach((v, n) => {
        const box = make("input", { type: "checkbox", id: `filter-${d.key}-${n}`, "data-value": String(v) });
        box.addEventListener("change", () => {
          const set = state.chosen.get(d.key);
          if (box.checked) set.add(v); else set.delete(v);
          refilter();
        });
        chips.append(make("label", { class: "chip", for: box.id }, box, make("span", {}, d.text(v))));
      });
      $("facets").append(make("fieldset", { "data-key": d.key }, make("legend", {}, d.label), chips));
    }
    $("text").addEventListener("input", () => {
      state.words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      refilter();
    });
    form.addEventListener("submit", (e) => e.preventDefault());
    form.addEventListener("reset", () => {
      for (const set of state.chosen.values()) set.clear();
      state.words = [];
      setTimeout(refilter); // the form clears its boxes after this event
    });
  };

  const refilter = () => {
    performance.clearMarks("filter-start");
    performance.mark("filter-start");
    state.page = 0;
    const sets = [...state.chosen].filter(([, set]) => set.size > 0);
    state.rows = everyRow.filter((i) => sets.every(([key, set]) => set.has(get(key, i))) && state.words.every((w) => haystack[i].includes(w)));
    sortRows();
    renderTable();
    const text = state.rows.length === data.points ? `All ${plural(data.points, "point")}` : `${count(state.rows.length)} of ${plural(data.points, "point")}`;
    $("count").textContent = text;
    performance.measure("filter", "filter-start");
    scheduleCharts();
  };

  // ---- the table ----

  const inView = (c) => c.view === "" || (state.view === "more" ? c.view === "main" || c.view === "more" : c.view === state.view);
  const shownColumns = () => data.columns.filter(inView);

  const sortRows = () => {
    const c = state.column;
    if (!c) return;
    const values = c.fields.length ? fields[c.fields[0]] : c.text;
    const way = state.descending ? -1 : 1;
    // Points without a figure come last in both directions.
    state.rows = [...state.rows].sort((a, b) => {
      const x = values[a], y = values[b];
      if (x == null || y == null) return (x == null) - (y == null) || a - b;
      return (x < y ? -way : x > y ? way : 0) || a - b;
    });
  };

  const renderHead = () => {
    const row = make("tr");
    for (const c of shownColumns()) {
      const button = make("button", { type: "button", title: c.title }, make("span", {}, c.head || "\u00a0"), make("small", {}, c.unit));
      if (!c.head) button.setAttribute("aria-label", c.title);
      const sort = state.column === c ? (state.descending ? "descending" : "ascending") : "none";
      const th = make("th", { scope: "col", class: c.left ? "l" : null, "aria-sort": sort, "data-key": c.fields[0] }, button);
      button.addEventListener("click", () => {
        state.descending = state.column === c && !state.descending;
        state.column = c;
        for (const other of row.children) other.setAttribute("aria-sort", "none");
        th.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        state.page = 0;
        sortRows();
        renderTable();
      });
      row.append(th);
    }
    $("grid").tHead.replaceChildren(row);
  };

  const renderTable = (from = state.page * pageRows, most = pageRows) => {
    const columns = shownColumns();
    const body = document.createDocumentFragment();
    const rows = state.rows.slice(from, from + most);
    for (const i of rows) {
      const tr = document.createElement("tr");
      if (!fields.valid_rounds[i]) tr.className = "invalid";
      columns.forEach((c, n) => {
        const cell = document.createElement(n ? "td" : "th");
        if (!n) cell.scope = "row";
        if (c.left) cell.className = "l";
        cell.textContent = cellText(c, i);
        tr.append(cell);
      });
      body.append(tr);
    }
    $("grid").tBodies[0].replaceChildren(body);
    const pages = Math.max(Math.ceil(state.rows.length / pageRows), 1);
    $("range").textContent = rows.length ? `rows ${count(from + 1)}–${count(from + rows.length)} of ${count(state.rows.length)}` : "no point passes the filters";
    $("previous").disabled = state.page === 0;
    $("next").disabled = state.page + 1 >= pages;
  };

  const buildTable = () => {
    const views = { main: "Main figures", more: "All figures of delivery and cost", fates: "Fates of answers", resets: "Resets by cause" };
    const present = new Set(data.columns.map((c) => c.view));
    for (const [view, text] of Object.entries(views)) if (present.has(view)) $("view").append(make("option", { value: view }, text));
    $("view").addEventListener("change", () => {
      state.view = $("view").value;
      renderHead();
      renderTable();
    });
    for (const [id, by] of [["previous", -1], ["next", 1]]) {
      $(id).addEventListener("click", () => {
        state.page += by;
        renderTable();
      });
    }
    $("csv").addEventListener("click", download);
    renderHead();
  };

  // ---- download ----

  // CSV with CRLF and doubled quotes, as in RFC 4180. Numbers are not rounded.
  const csv = () => {
    const keys = [...new Set(data.columns.flatMap((c) => c.fields))];
    const quote = (v) => v == null ? "" : typeof v === "string" && /[",\r\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : String(v);
    const lines = [keys.map(quote).join(",")];
    for (const i of state.rows) lines.push(keys.map((k) => quote(fields[k][i])).join(","));
    return lines.join("\r\n") + "\r\n";
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
    const link = make("a", { href: url, download: "points.csv" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  // ---- parts of all charts ----

  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  let colours; // cached for each theme, since getComputedStyle makes the browser restyle the page
  const theme = () => colours ??= { ink: css("--ink"), quiet: css("--quiet"), rule: css("--rule"), page: css("--page"), soft: css("--soft") };
  const colorOf = (strategy, t) => looks.get(strategy).color || t.ink;
  const maxPanels = 12;

  const keyGlyph = (strategy, t) => {
    const look = looks.get(strategy), color = colorOf(strategy, t), hollow = look.symbol.startsWith("empty");
    const shape = look.symbol.replace("path://", "");
    const d = { circle: "M5 0A5 5 0 1 1 4.99 0Z", emptyCircle: "M5 1A4 4 0 1 1 4.99 1Z", rect: "M1 1H9V9H1Z", emptyRect: "M1 1H9V9H1Z", triangle: "M5 0L10 9H0Z", emptyTriangle: "M5 1L9 9H1Z" }[shape] || shape;
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
    for (const [k, v] of Object.entries({ viewBox: "-1 -1 12 12", width: 12, height: 12, "aria-hidden": "true" })) svg.setAttribute(k, v);
    for (const [k, v] of Object.entries({ d, fill: hollow ? "none" : color, stroke: color, "stroke-width": hollow ? 2 : 0 })) path.setAttribute(k, v);
    svg.append(path);
    return svg;
  };

  // ECharts fills its hollow symbols with white, so a hollow mark is a filled symbol in
  // the page's colour with a border.
  const mark = (strategy, t) => {
    const { symbol } = looks.get(strategy), color = colorOf(strategy, t);
    return symbol.startsWith("empty")
      ? { symbol: symbol.slice(5).toLowerCase(), itemStyle: { color: t.page, borderColor: color, borderWidth: 1.8 } }
      : { symbol, itemStyle: { color } };
  };

  const base = (t, description) => ({
    animation: false,
    backgroundColor: "transparent",
    textStyle: { color: t.ink, fontFamily: "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" },
    aria: { enabled: true, label: { description } },
    tooltip: { trigger: "item", confine: true, backgroundColor: t.page, borderColor: t.rule, textStyle: { color: t.ink, fontSize: 12 } },
    grid: { left: 52, right: 14, top: 10, bottom: 44 },
  });
  const axis = (t, name, more) => ({
    type: "value", name, nameLocation: "middle", nameTextStyle: { color: t.quiet, fontSize: 11 },
    axisLine: { show: true, onZero: false, lineStyle: { color: t.quiet } }, axisTick: { show: true }, minorTick: { show: false },
    axisLabel: { color: t.ink, fontSize: 11, hideOverlap: true }, splitLine: { lineStyle: { color: t.rule } }, ...more,
  });
  const at = (values, text) => ({
    axisTick: { show: true, customValues: values }, axisLabel: { customValues: values, formatter: (v) => text(v), fontSize: 11, color: theme().ink },
  });
  // The axis is a little longer than 0 to 100, so that marks at its ends are not cut.
  const percentAxis = (t, name) => axis(t, name, { min: -4, max: 104, nameGap: 34, ...at([0, 25, 50, 75, 100], String), splitLine: { show: false } });
  // Logarithms are multiplied by 1000, because ECharts rounds the positions of ticks to
  // a few digits of the axis interval.
  const fine = 1000;
  const logTicks = (low, high) => evenOrLog(low / fine, high / fine).map((v) => v * fine);
  const evenOrLog = (low, high) => {
    const steps = high - low < 0.3 ? [1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9] : high - low < 1 ? [1, 1.5, 2, 3, 4, 6, 8] : high - low < 2.5 ? [1, 2, 5] : [1];
    const ticks = [];
    for (let e = Math.floor(low); e <= Math.ceil(high); e++) for (const m of steps) {
      const v = e + Math.log10(m);
      if (v >= low && v <= high) ticks.push(v);
    }
    if (ticks.length > 2) return ticks;
    // A shorter axis has round numbers at equal distances.
    const from = 10 ** low, to = 10 ** high, rough = (to - from) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
    const even = [];
    for (let n = Math.ceil(from / step); n * step <= to; n++) even.push(Math.log10(n * step));
    return even;
  };
  // Faint lines at an axis's custom ticks, which the split lines of ECharts ignore.
  const rules = (t, values) => ({
    type: "line", silent: true, symbol: "none", data: [], z: 0,
    markLine: { silent: true, z: 0, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: t.rule, type: "solid", width: 1 }, data: values.map((yAxis) => ({ yAxis })) },
  });
  const logAxis = (t, name, low, high, more) => axis(t, name, { min: low, max: high, splitLine: { show: false }, ...at(logTicks(low, high), (v) => num(10 ** (v / fine))), ...more });
  // Bars of intervals: [x, low, high, colour], along the y axis, or sideways along the
  // x axis. A halo keeps them visible on a background of any colour.
  const intervals = (values, sideways, halo) => ({
    type: "custom", silent: true, z: 1, data: values.map((v) => v.slice(0, 3)), encode: sideways ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
    renderItem: (params, api) => {
      const color = values[params.dataIndex][3], cap = 2.5;
      const point = (v) => api.coord(sideways ? [v, api.value(0)] : [api.value(0), v]);
      const [x1, y1] = point(api.value(1)), [x2, y2] = point(api.value(2));
      const lines = (style) => (sideways
        ? [[x1, y1, x2, y2], [x1, y1 - cap, x1, y1 + cap], [x2, y2 - cap, x2, y2 + cap]]
        : [[x1, y1, x2, y2], [x1 - cap, y1, x1 + cap, y1], [x2 - cap, y2, x2 + cap, y2]])
        .map(([a, b, c, d]) => ({ type: "line", shape: { x1: a, y1: b, x2: c, y2: d }, style: { lineWidth: 1.2, lineCap: "butt", ...style } }));
      return { type: "group", children: [...(halo ? lines({ stroke: halo, lineWidth: 3.2, lineCap: "square" }) : []), ...lines({ stroke: color })] };
    },
  });
  const tip = (...lines) => make("div", {}, ...lines.map((l) => make("div", {}, l)));

  // A labelled select. It is hidden while it has fewer than two options, and it keeps
  // what the reader chose as long as that is an option.
  const select = (id, label, host, onChange) => {
    const s = make("select", { id });
    const wrap = make("label", { for: id }, label + " ", s);
    s.addEventListener("change", onChange);
    host.append(wrap);
    return { s, wrap, set: (options, preferred) => {
      const before = s.value;
      s.replaceChildren(...options.map(([v, text]) => make("option", { value: String(v) }, text)));
      const has = (v) => options.some(([o]) => String(o) === String(v));
      s.value = String(s.dataset.touched && has(before) ? before : preferred);
      wrap.hidden = options.length < 2;
    }, pick: (options) => options.find(([v]) => String(v) === s.value)?.[0] };
  };
  // Of several values that are equally common, the middle one.
  const mostCommon = (rows, d) => {
    const n = new Map();
    for (const i of rows) n.set(get(d.key, i), (n.get(get(d.key, i)) || 0) + 1);
    const most = Math.max(...n.values()), values = valuesOf(d, rows).filter((v) => n.get(v) === most);
    return values[Math.floor(values.length / 2)];
  };
  // The points of scenarios share no conditions, so charts leave them out.
  const charted = () => state.rows.filter((i) => !fields.scenario?.[i]);
  // A point without the strategy and the coordinates keys, as text.
  const without = (i, ...keys) => dimensions.filter((d) => d.key !== "strategy" && !keys.includes(d.key)).map((d) => get(d.key, i)).join("\n");
  let slice = [];
  let x = dimension(data.axes[0]); // the x axis
  // Panels have columns of bodies, or of round trips where the body is the x axis.
  const columnKey = () => x.key === "body_bytes" ? "rtt_ms" : "body_bytes";
  const onPanels = () => ["strategy", "client", x.key, columnKey()]; // shown as panels, axes or colours
  let chosenX, chosenAt, sharedSelects = [];
  const buildShared = () => {
    const host = $("conditions");
    if (!host) return;
    const add = (id, label) => {
      const one = select(id, label, host, () => {
        one.s.dataset.touched = "yes";
        scheduleCharts();
      });
      return one;
    };
    chosenX = add("show-x", "x axis");
    const options = data.axes.map((key) => [key, dimension(key).label]);
    chosenX.set(options, data.axes[0]);
    chosenX.options = options;
    chosenAt = add("show-at", "Charts without that axis show");
    for (const d of dimensions) {
      if (d.key !== "strategy" && d.key !== "client" && valuesOf(d, everyRow).length > 1) sharedSelects.push({ d, one: add("show-" + d.key, d.label) });
    }
  };
  let valueOfX; // for charts without the x axis; undefined means the extreme of each panel
  const extremeWords = () => ({ rtt_ms: "the longest round trip", body_bytes: "the largest body", limit: "the lowest limit" })[x.key] || "the highest " + x.label.toLowerCase();
  const extremeOf = (rows) => rows.reduce((most, i) => x.key === "limit" ? Math.min(most, get(x.key, i)) : Math.max(most, get(x.key, i)), x.key === "limit" ? Infinity : -Infinity);
  // The rows of clients and conditions with several values of x. With the main axis also
  // those of clients that have no such row.
  const withCurves = (rows) => {
    const first = new Map(), vary = new Set(), clients = new Set();
    for (const i of rows) {
      const key = get("strategy", i) + "\n" + without(i, x.key), v = get(x.key, i);
      if (!first.has(key)) first.set(key, v);
      else if (first.get(key) !== v) {
        vary.add(without(i, x.key));
        clients.add(get("client", i));
      }
    }
    const others = vary.size === 0 || x.key === data.axes[0];
    return rows.filter((i) => vary.has(without(i, x.key)) || others && !clients.has(get("client", i)));
  };
  const reslice = () => {
    if (!chosenX) return;
    x = dimension(chosenX.pick(chosenX.options));
    for (const e of document.querySelectorAll(".axis-name")) e.textContent = x.label.toLowerCase();
    slice = withCurves(charted());
    for (const { d, one } of sharedSelects) {
      if (onPanels().includes(d.key)) {
        one.set([], "");
        continue;
      }
      const options = valuesOf(d, slice).map((v) => [v, d.text(v)]);
      one.set(options, mostCommon(slice, d));
      const v = one.pick(options);
      slice = slice.filter((i) => get(d.key, i) === v);
    }
    const options = valuesOf(x, slice).map((v) => [v, x.text(v)]);
    if (options.length > 1) options.unshift(["", extremeWords() + " of each panel"]);
    chosenAt.set(options, "");
    valueOfX = chosenAt.pick(options);
    if (valueOfX === "") valueOfX = undefined;
    $("conditions").hidden = ![chosenX, chosenAt, ...sharedSelects.map((one) => one.one)].some((one) => !one.wrap.hidden);
  };
  const facets = (rows) => {
    const panels = new Map(), column = dimension(columnKey());
    for (const i of rows) {
      const key = get("client", i) + "\n" + get(column.key, i);
      if (!panels.has(key)) panels.set(key, { client: get("client", i), column: get(column.key, i), rows: [] });
      panels.get(key).rows.push(i);
    }
    const rank = (c) => data.clients.indexOf(c);
    return [...panels.values()].sort((a, b) => rank(a.client) - rank(b.client) || a.column - b.column)
      .map((p) => ({ title: `${p.client} client, ${column.key === "rtt_ms" ? "rtt" : "body"} ${column.text(p.column)}`, rows: p.rows }));
  };
  const xWords = (v) => `${x.key === "rtt_ms" ? "rtt" : x.label.toLowerCase()} ${x.text(v)}`;
  // The same panels, each at one value of the x axis.
  const facetsAtX = () => facets(slice).map((f) => {
    const v = valueOfX ?? extremeOf(f.rows);
    return { title: `${f.title}, ${xWords(v)}`, rows: f.rows.filter((i) => get(x.key, i) === v) };
  }).filter((f) => f.rows.length);
  const atX = () => facetsAtX().flatMap((f) => f.rows);
  const strategiesOf = (rows) => valuesOf(dimension("strategy"), rows);
  const dodge = (k, n) => n < 2 ? 0 : 0.6 * (k / (n - 1) - 0.5);

  // ---- the charts ----

  // The function draw of a chart returns its panels ({ title, option, height }), the
  // entries of its key, and the same figures as the rows of a table.
  const charts = [];
  const chart = (id, controls, draw) => {
    const host = $(id);
    if (!host) return; // a run with scenarios only has no charts
    const bar = make("div", { class: "bar" }), panels = make("div", { class: "panels" }), note = make("p", { class: "quiet" });
    const key = make("ul", { class: "key", "aria-label": "key" }), details = make("details"), holder = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": host.dataset.title + ": the figures" });
    details.append(make("summary", {}, "The figures of this chart as a table"), holder);
    host.append(bar, key, panels, note, details);
    const c = { host, bar, panels, note, key, details, holder, draw, drawn: [], stale: true, visible: false };
    c.controls = controls.map(([name, label, options]) => {
      const one = select(`${id}-${name}`, label, bar, () => {
        one.s.dataset.touched = "yes";
        render(c);
        drawWaiting();
      });
      one.options = options;
      return one;
    });
    details.addEventListener("toggle", () => tabulate(c));
    charts.push(c);
  };

  // Panels are drawn one by one, visible ones first. The page handles events between
  // them, so that a filter never waits for charts.
  const waiting = new Set(), panelOf = new WeakMap();
  const drawPanel = (d) => {
    waiting.delete(d);
    d.chart ??= echarts.init(d.plot, null, { renderer: "svg" });
    if (root.classList.contains("printing")) d.chart.resize({ width: printedWidth, height: d.plot.clientHeight });
    else
    // A resize makes ECharts draw everything again, so it happens only on a change.
    if (d.chart.getWidth() !== d.plot.clientWidth || d.chart.getHeight() !== d.plot.clientHeight) d.chart.resize();
    d.chart.setOption(d.option, true);
    d.box.removeAttribute("aria-busy");
  };
  const oneTurn = 50; // ms of drawing without a pause; readers notice longer ones
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  let drawing = false, resting = false;
  const drawWaiting = () => {
    if (drawing) return;
    drawing = true;
    const end = performance.now() + oneTurn;
    for (const d of waiting) {
      if (!d.visible) continue;
      if (performance.now() >= end) return void setTimeout(() => { drawing = false; drawWaiting(); });
      drawPanel(d);
    }
    drawing = false;
    if (performance.getEntriesByName("charts-start").length) performance.measure("charts", "charts-start");
    performance.clearMarks("charts-start");
    if (waiting.size && !resting) whenIdle(drawUnseen);
    resting = waiting.size > 0;
  };
  const drawUnseen = () => {
    resting = false;
    const [d] = waiting;
    if (!d || drawing) return;
    drawPanel(d);
    drawWaiting();
  };
  const sight = new IntersectionObserver((entries) => {
    for (const e of entries) panelOf.get(e.target).visible = e.isIntersecting;
    drawWaiting();
  });

  const printedWidth = 320; // px: three panels side by side on A4 landscape

  // render lays out a chart's panels and queues them for drawing.
  const render = (c) => {
    c.stale = false;
    c.host.removeAttribute("aria-busy");
    const t = theme();
    for (const one of c.controls) {
      const options = one.options();
      one.set(options, options[0]?.[0]);
      one.value = one.pick(options);
    }
    const { panels, strategies = [], keys = [], head, rows, empty } = c.draw(t, ...c.controls.map((o) => o.value));
    const shown = panels.slice(0, maxPanels);
    while (c.drawn.length > shown.length) {
      const old = c.drawn.pop();
      waiting.delete(old);
      sight.unobserve(old.box);
      old.chart?.dispose();
      old.box.remove();
    }
    shown.forEach((p, n) => {
      if (!c.drawn[n]) {
        const title = make("p", { class: "panel-title" }), plot = make("div", { class: "plot" }), box = make("div", { class: "panel" }, title, plot);
        c.panels.append(box);
        c.drawn[n] = { box, title, plot, visible: true }; // until the observer reports otherwise
        panelOf.set(box, c.drawn[n]);
        sight.observe(box);
      }
      const d = c.drawn[n];
      d.title.textContent = p.title;
      d.plot.style.height = (p.height || 230) + "px";
      d.box.setAttribute("aria-busy", "true");
      d.option = p.option;
      waiting.add(d);
    });
    c.note.textContent = !panels.length ? empty || "The chosen conditions have no data for this chart." :
      panels.length > maxPanels ? `${maxPanels} of ${panels.length} panels are drawn. Filter clients or bodies to see the others.` : "";
    c.key.replaceChildren(...strategies.map((s) => make("li", {}, keyGlyph(s, t), " " + s)),
      ...keys.map(([name, color, mark]) => make("li", {}, make("span", { class: mark || "swatch", style: null }), " " + name)));
    [...c.key.querySelectorAll(".swatch")].forEach((e, n) => { e.style.background = keys.filter((k) => !k[2])[n][1]; });
    c.table = { head, rows };
    tabulate(c);
  };

  const tableRows = 500;
  const tabulate = (c) => {
    if (!c.details.open || !c.table) return;
    const { head, rows } = c.table;
    c.holder.replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, ...head.map((h) => make("th", { scope: "col", class: "l" }, h)))),
      make("tbody", {}, ...rows.slice(0, tableRows).map((r) => make("tr", {}, ...r.map((v, n) => make(n ? "td" : "th", n ? { class: "l" } : { scope: "row", class: "l" }, String(v))))))));
    if (rows.length > tableRows) c.holder.append(make("p", { class: "quiet" }, `These are the first ${tableRows} of ${count(rows.length)} rows. Filter the points to see the others.`));
  };

  let scheduled = false;
  const scheduleCharts = () => {
    for (const c of charts) {
      c.stale = true;
      if (c.visible) c.host.setAttribute("aria-busy", "true");
    }
    performance.clearMarks("charts-start");
    performance.mark("charts-start");
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => setTimeout(() => {
      scheduled = false;
      reslice();
      for (const c of charts) if (c.visible) render(c); else c.host.removeAttribute("aria-busy");
      drawWaiting();
    }));
  };

  // Whether each share has an interval and two of them do not overlap.
  const differ = (values) => values.every((v) => v.low !== undefined) && Math.max(...values.map((v) => v.low)) > Math.min(...values.map((v) => v.high));

  // Each strategy's figure over the x axis. measure returns a value with its bounds, if
  // it has any: a share, or with scale "log" a positive number. write returns the value's
  // texts in the table, and heads are the heads of those after the first.
  const byX = (measure, name, t, scale, heads, write) => {
    const xs = valuesOf(x, slice), strategies = strategiesOf(slice), table = [];
    const log = scale === "log", y = (v) => log ? fine * Math.log10(Math.max(v, 1e-3)) : v * 100;
    const drawnPanels = facets(slice).map((f) => ({ title: f.title, of: strategies.map((s) => [s, f.rows.filter((i) => get("strategy", i) === s)
      .map((i) => ({ i, figure: measure(i) })).filter((p) => p.figure).sort((a, b) => get(x.key, a.i) - get(x.key, b.i))]) }))
      .filter((f) => f.of.some(([, points]) => points.length));
    const all = drawnPanels.flatMap((f) => f.of.flatMap(([, points]) => points.flatMap(({ figure: v }) => hasInterval(v) ? [y(v.low), y(v.high)] : [y(v.value)])));
    const low = Math.min(...all), high = Math.max(...all), pad = Math.max((high - low) * 0.08, 0.05 * fine);
    const panels = drawnPanels.map((f) => {
      const bars = [], series = [], said = [];
      f.of.forEach(([s, points], k) => {
        if (!points.length) return;
        const look = looks.get(s), color = colorOf(s, t);
        const place = (p) => xs.indexOf(get(x.key, p.i)) + dodge(k, strategies.length);
        series.push({
          type: "line", name: s, ...mark(s, t), symbolSize: 8, showAllSymbol: true, z: 2,
          lineStyle: differ(points.map((p) => p.figure)) ? { color, width: 1.4, type: look.dash.length ? look.dash : "solid" } : { width: 0, opacity: 0 },
          data: points.map((p) => ({ value: [place(p), y(p.figure.value)], point: p })),
        });
        for (const p of points) {
          if (hasInterval(p.figure)) bars.push([place(p), y(p.figure.low), y(p.figure.high), color]);
          table.push([s, f.title, x.text(get(x.key, p.i)), ...write(p.figure)]);
        }
        said.push(`${s} ${points.map((p) => `${write(p.figure)[0]} at ${x.text(get(x.key, p.i))}`).join(", ")}`);
      });
      const option = base(t, `${name} by ${x.label.toLowerCase()}, ${f.title}: ${said.join("; ")}.`);
      option.tooltip.formatter = (p) => p.data?.point ? tip(p.seriesName, xWords(get(x.key, p.data.point.i)), log ? write(p.data.point.figure).filter((text) => text !== "-").join(" ") : sharePhrase(p.data.point.figure)) : "";
      option.xAxis = axis(t, x.label.toLowerCase() + (x.unit === "ms" ? " (ms)" : ""), { min: -0.5, max: xs.length - 0.5, nameGap: 24, splitLine: { show: false }, ...at(xs.map((_, n) => n), (v) => x.unit === "ms" ? num(xs[Math.round(v)]) : x.text(xs[Math.round(v)])) });
      option.yAxis = log ? logAxis(t, name, low - pad, high + pad, { nameGap: 34 }) : percentAxis(t, "%");
      option.series = [rules(t, log ? logTicks(low - pad, high + pad) : [0, 25, 50, 75, 100]), ...series, intervals(bars)];
      return { title: f.title, option };
    });
    return { panels, strategies, head: ["strategy", "panel", x.label.toLowerCase(), name, ...heads], rows: table };
  };
  const byShare = (measure, name, t) => byX(measure, name, t, "share", ["95% interval", "n"], (s) => [percent(s.value) + "%", intervalText(s), s.n]);
  const byNumber = (measure, name, unit, t) => byX(measure, name, t, "log", [], (v) => [num(v.value) + " " + unit]);
  const byTime = (measure, name, t) => byX(measure, name, t, "log", ["95% interval"], (v) => [num(v.value) + " ms", hasInterval(v) ? `[${num(v.low)}, ${num(v.high)}]` : "-"]);
  const field = (key) => (i) => fields[key]?.[i] > 0 ? { value: fields[key][i] } : null;
  const milliseconds = (key) => (i) => fields[key]?.[i] > 0 ? { value: fields[key][i], ...bounds(key.replace(/_ms$/, ""), i, "_ms") } : null;

  const measures = {
    delivered: ["Delivered (% of rejections)", (i) => share(get("delivered", i), get("rejected", i), "delivered", i)],
    discard: ["Delivered answers that a reset would discard on some systems (%)", (i) => fields.unread_share?.[i] == null ? null : { value: fields.unread_share[i], ...bounds("unread", i), n: get("delivered", i) }],
  };
  const causes = () => {
    const all = [];
    const add = (key, of, text) => fields[key] && all.push([key, text, (i) => fields[key][i] == null ? null : share(fields[key][i], get(of, i), key, i)]);
    add("tcp_TCPAbortOnClose", "rejected", "Close met unread data (TCPAbortOnClose, kernel, % of rejections)");
    add("tcp_TCPAbortOnData", "rejected", "Data after close, or SO_LINGER 0 (TCPAbortOnData, kernel, % of rejections)");
    for (const key of Object.keys(fields)) if (key.startsWith("reset_") && key !== "reset_none") add(key, "wire_connections", `${key.slice(6)} (on the wire, % of connections)`);
    return all;
  };

  chart("chart-delivered", [["what", "Show", () => Object.entries(measures).map(([k, [text]]) => [k, text])]],
    (t, what) => byShare(measures[what][1], measures[what][0], t));

  const times = [
    ["response_p50_ms", "rejections: p50 until the first byte of a delivered answer"], ["response_p99_ms", "rejections: p99 until the first byte of a delivered answer"],
    ["admitted_p50_ms", "admitted requests: p50 until their end"], ["admitted_p99_ms", "admitted requests: p99 until their end"],
  ];
  chart("chart-times", [["what", "Show", () => times.filter(([key]) => slice.some((i) => fields[key]?.[i] > 0))]],
    (t, what) => what ? byTime(milliseconds(what), "ms (log scale)", t) : { panels: [], head: [], rows: [] });

  chart("chart-latency", [["until", "Time until", () => {
    const names = new Set(atX().flatMap((i) => Object.keys(data.curves[i] || {})));
    return [["answer", "the first byte of a delivered answer"], ...data.outcomeSet.filter((o) => names.has(o)).map((o) => [o, `the end of an attempt with outcome ${o}`])];
  }]], (t, until) => {
    const has = (i) => data.curves[i]?.[until];
    const strategies = strategiesOf(atX().filter(has)), table = [];
    const panels = facetsAtX().map((f) => ({ title: f.title, rows: f.rows.filter(has) })).filter((f) => f.rows.length).map((f) => {
      let low = Infinity, high = -Infinity, deepest = fine;
      const series = f.rows.map((i) => {
        const s = get("strategy", i), look = looks.get(s), color = colorOf(s, t), k = strategies.indexOf(s);
        const curve = data.curves[i][until];
        const points = curve.map((ms, n) => [-fine * Math.log10(1 - data.shares[n]), fine * Math.log10(Math.max(ms, 1e-3))]);
        for (const [x, y] of points) [low, high, deepest] = [Math.min(low, y), Math.max(high, y), Math.max(deepest, x)];
        const near = (p) => { let n = data.shares.findIndex((v) => v >= p - 1e-9); return n < 0 || n >= curve.length ? "-" : num(curve[n]); };
        table.push([s, f.title, near(0.5), near(0.9), near(0.99), num(curve.at(-1))]);
        // The first mark is at a different point for each strategy, so that the marks of
        // coinciding curves stay visible.
        const every = Math.max(Math.ceil(points.length / 4), 1), first = Math.floor(k * every / Math.max(strategies.length, 1));
        return {
          type: "line", name: s, ...mark(s, t), symbolSize: (v, p) => p.dataIndex % every === first ? 7 : 0.1, showAllSymbol: true,
          lineStyle: { color, width: 1.6, type: look.dash.length ? look.dash : "solid" }, data: points,
        };
      });
      const pad = Math.max((high - low) * 0.06, 0.02 * fine);
      const ticks = [0, -Math.log10(0.5), 1, 2, 3, 4, 5, 6].map((v) => v * fine).filter((v) => v <= deepest + 1e-9);
      const option = base(t, `Percentiles of the time until ${until === "answer" ? "the first byte of a delivered answer" : "the end of attempts with outcome " + until}, ${f.title}, for ${series.map((s) => s.name).join(", ")}. The table below has the figures.`);
      option.tooltip.formatter = (p) => tip(p.seriesName, `${+(100 - 100 * 10 ** (-p.value[0] / fine)).toFixed(4)}% within ${num(10 ** (p.value[1] / fine))} ms`);
      option.xAxis = axis(t, "percentile (scale of 1/(1-p))", { min: 0, max: deepest, nameGap: 24, splitLine: { show: false }, ...at(ticks, (v) => String(+(100 - 100 * 10 ** (-v / fine)).toFixed(4)) + "%") });
      option.yAxis = logAxis(t, "ms", low - pad, high + pad, { nameGap: 34 });
      option.series = [rules(t, logTicks(low - pad, high + pad)), ...series];
      return { title: f.title, option };
    });
    return { panels, strategies, head: ["strategy", "panel", "p50 or next (ms)", "p90 (ms)", "p99 (ms)", "last percentile (ms)"], rows: table };
  });

  chart("chart-resets", [["cause", "Cause", () => causes().map(([k, text]) => [k, text])]], (t, key) => {
    const found = causes().find(([k]) => k === key);
    return found ? byShare(found[2], found[1], t) : { panels: [], head: [], rows: [] };
  });

  const costs = [["hold_ms", "descriptor held (ms per rejection)", "ms"], ["cpu_us", "CPU time of the server (us per rejection)", "us"]];
  chart("chart-cost", [["what", "Cost", () => costs.filter(([key]) => slice.some((i) => fields[key]?.[i] > 0))]], (t, what) => {
    const found = costs.find(([key]) => key === what);
    return found ? byNumber(field(what), `${found[2]} per rejection`, found[2], t) : { panels: [], head: [], rows: [] };
  });

  // One stacked bar for each strategy. part and whole count what is shown; good counts
  // what the bracket marks.
  const stacked = (t, names, part, whole, good, stem, noun) => {
    const strategies = strategiesOf(atX()), seen = new Set(), table = [];
    const panels = facetsAtX().map((f) => {
      const named = strategies.filter((s) => f.rows.some((i) => get("strategy", i) === s && whole(i) > 0)).reverse();
      if (!named.length) return null;
      const rowOf = (s) => f.rows.find((i) => get("strategy", i) === s);
      const series = names.filter((name) => named.some((s) => part(rowOf(s), name) > 0)).map((name) => {
        seen.add(name);
        return { type: "bar", stack: "all", name, barCategoryGap: "25%", itemStyle: { color: data.colors[name], borderColor: t.page, borderWidth: 0.5 }, data: named.map((s) => ({ value: 100 * part(rowOf(s), name) / whole(rowOf(s)), row: rowOf(s) })) };
      });
      const brackets = named.map((s, n) => ({ n, share: share(good(rowOf(s)), whole(rowOf(s)), stem, rowOf(s)) })).filter(({ share: g }) => hasInterval(g)).map(({ n, share: g }) => [n, g.low * 100, g.high * 100, t.ink]);
      for (const s of [...named].reverse()) for (const name of names) if (part(rowOf(s), name) > 0) {
        const g = share(part(rowOf(s), name), whole(rowOf(s)));
        table.push([s, f.title, name, percent(g.value) + "%", g.n]);
      }
      const option = base(t, `How ${noun} ended, ${f.title}: ${[...named].reverse().map((s) => s + " " + names.filter((name) => part(rowOf(s), name) > 0).map((name) => `${name} ${percent(part(rowOf(s), name) / whole(rowOf(s)))}%`).join(", ")).join("; ")}.`);
      option.grid = { left: 128, right: 18, top: 6, bottom: 40 };
      option.tooltip.formatter = (p) => tip(named[p.dataIndex], p.seriesName, `${percent(part(p.data.row, p.seriesName) / whole(p.data.row))}%, n=${count(whole(p.data.row))}`);
      option.xAxis = axis(t, `${noun} (%)`, { min: 0, max: 100, interval: 25, nameGap: 24 });
      option.yAxis = { type: "category", data: named, axisLabel: { color: t.ink, fontSize: 11, width: 118, overflow: "truncate" }, axisTick: { show: false }, axisLine: { lineStyle: { color: t.quiet } } };
      option.series = [...series, { ...intervals(brackets, true, t.page), z: 5 }];
      const ns = named.map((s) => whole(rowOf(s))), [least, most] = [Math.min(...ns), Math.max(...ns)];
      return { title: `${f.title}, n=${least < most ? `${count(least)} to ` : ""}${count(most)}`, option, height: 60 + 24 * Math.max(named.length, 3) };
    }).filter(Boolean);
    return { panels, keys: names.filter((n) => seen.has(n)).map((n) => [n, data.colors[n]]), head: ["strategy", "panel", "ended as", "share", "n"], rows: table };
  };

  chart("chart-outcomes", [], (t) => stacked(t, data.outcomeSet, (i, name) => data.outcomes[i][name] || 0,
    (i) => Object.values(data.outcomes[i]).reduce((a, b) => a + b, 0),
    (i) => ["admitted", "delivered", "delivered-then-reset"].reduce((a, o) => a + (data.outcomes[i][o] || 0), 0), "whole", "attempts"));

  if ($("chart-fates")) {
    const of = (i, name) => Math.round((fields["fate_" + name]?.[i] || 0) * (fields.wire_rejections[i] || 0));
    chart("chart-fates", [], (t) => stacked(t, data.fates, of, (i) => fields.wire_rejections[i] || 0, (i) => of(i, "read"), "fate_read", "answers"));
  }

  // ---- the frontier, as analysis/frontier/frontier.go defines it ----

  const conditionsOf = (i) => dimensions.filter((d) => d.key !== "strategy").map((d) => get(d.key, i)).join("\n");
  const costOf = {
    hold_ms: (i) => [fields.hold_ms[i], get("hold_n", i)],
    cpu_us: (i) => [fields.cpu_us[i], get("rejected", i)],
    drained_bytes: (i) => [get("hold_n", i) > 0 ? get("bytes_drained", i) / Math.max(get("rejected", i), 1) : null, get("hold_n", i)],
  };
  const sameConditions = (rows) => {
    const strategies = new Map(), at = new Map();
    for (const i of rows) {
      const s = get("strategy", i), c = conditionsOf(i);
      strategies.set(s, (strategies.get(s) || 0) + 1);
      if (!at.has(c)) at.set(c, new Set());
      at.get(c).add(s);
    }
    const same = rows.filter((i) => at.get(conditionsOf(i)).size === strategies.size);
    if (same.length || !rows.length) return same;
    const least = [...strategies].reduce((a, b) => b[1] < a[1] ? b : a)[0];
    return sameConditions(rows.filter((i) => get("strategy", i) !== least));
  };
  const frontier = (rows, cost) => {
    const usable = sameConditions(rows.filter((i) => fields.valid_rounds[i] && get("rejected", i) > 0 && costOf[cost](i)[0] != null && costOf[cost](i)[1] > 0));
    const all = strategiesOf(usable).map((name) => {
      const p = { name, by: new Map(), shares: new Map() };
      let sum = 0, n = 0, k = 0, of = 0;
      for (const i of usable) if (get("strategy", i) === name) {
        const [each, weight] = costOf[cost](i);
        p.by.set(conditionsOf(i), each);
        p.shares.set(conditionsOf(i), bounds("delivered", i));
        sum += each * weight;
        n += weight;
        k += Math.min(get("delivered", i), get("rejected", i));
        of += get("rejected", i);
      }
      return Object.assign(p, { share: share(k, of), cost: sum / n, n });
    });
    if (all.length < 2) return { all: [], conditions: 0 };
    const cheaper = (a, b) => {
      if (a.cost >= b.cost) return false;
      let wins = 0, decided = 0;
      for (const [at, v] of a.by) if (b.by.has(at) && b.by.get(at) !== v) {
        decided++;
        if (v < b.by.get(at)) wins++;
      }
      return decided > 0 && mostly(wins, decided);
    };
    const below = (a, b) => [...a.shares].some(([at, s]) => b.shares.has(at) && s.high < b.shares.get(at).low);
    const dominates = (a, b) => !below(a, b) && a.cost <= b.cost && (below(b, a) || cheaper(a, b));
    const mayBeat = (a, b) => !below(a, b) && !cheaper(b, a) && (below(b, a) || a.share.value >= b.share.value && a.cost <= b.cost);
    all.sort((a, b) => a.cost - b.cost || b.share.value - a.share.value || (a.name < b.name ? -1 : 1));
    for (const p of all) {
      const others = all.filter((o) => o !== p);
      p.beatenBy = others.find((o) => dominates(o, p))?.name;
      p.place = p.beatenBy ? "beaten" : others.some((o) => mayBeat(o, p)) ? "unclear" : "on";
    }
    return { all, conditions: all[0].by.size };
  };
  const mixes = (rows) => {
    const clients = valuesOf(dimension("client"), rows);
    const of = clients.map((c) => [c + " client", rows.filter((i) => get("client", i) === c)]);
    return clients.length > 1 ? [...of, ["all clients", rows]] : of;
  };

  chart("chart-frontier", [["cost", "Cost", () => data.costs.map((c) => [c.name, `${c.noun} (${c.unit} per rejection)`])]], (t, cost) => {
    const { unit, noun } = data.costs.find((c) => c.name === cost), table = [], drawn = new Set();
    const smallest = { hold_ms: 1e-3, cpu_us: 0.1, drained_bytes: 1 }[cost];
    const place = (v) => fine * Math.log10(Math.max(v, smallest));
    const panels = mixes(charted()).map(([mix, rows]) => {
      const { all, conditions } = frontier(rows, cost);
      if (!all.length) return null;
      const title = `${mix}, ${plural(conditions, "condition")}`;
      for (const p of all) {
        drawn.add(p.name);
        table.push([p.name, title, `${percent(p.share.value)}%, n=${count(p.share.n)}`, `${num(p.cost)} ${unit}, n=${count(p.n)}`, p.place + (p.beatenBy ? ` by ${p.beatenBy}` : "")]);
      }
      const low = Math.min(...all.map((p) => place(p.cost))), high = Math.max(...all.map((p) => place(p.cost)));
      const pad = Math.max((high - low) * 0.07, 0.05 * fine);
      let best = -1;
      const stairs = [];
      for (const p of all) if (p.place === "on" && p.share.value >= best) {
        if (best >= 0) stairs.push([place(p.cost), best * 100]);
        stairs.push([place(p.cost), p.share.value * 100]);
        best = p.share.value;
      }
      if (best >= 0) stairs.push([high + pad, best * 100]);
      const edge = all.filter((p) => p.place !== "beaten");
      const option = base(t, `Delivered share against ${noun}, ${title}: ${all.map((p) => `${p.name} ${percent(p.share.value)}% for ${num(p.cost)} ${unit}, ${p.place === "on" ? "on the frontier" : p.place === "unclear" ? "not distinguishable from the frontier" : "beaten by " + p.beatenBy}`).join("; ")}.`);
      option.grid.top = 16;
      option.tooltip.formatter = (p) => p.data?.point ? tip(p.seriesName, `delivered ${percent(p.data.point.share.value)}% over all conditions, n=${count(p.data.point.share.n)}`, `${num(p.data.point.cost)} ${unit} per rejection, n=${count(p.data.point.n)}`, p.data.point.place === "on" ? "on the frontier" : p.data.point.place === "unclear" ? "not distinguishable from the frontier" : `beaten by ${p.data.point.beatenBy}`) : "";
      option.xAxis = logAxis(t, `${noun} (${unit} per rejection, log scale)`, low - pad, high + pad, { nameGap: 24 });
      option.yAxis = percentAxis(t, "delivered (%)");
      option.series = [
        rules(t, [0, 25, 50, 75, 100]),
        { type: "line", silent: true, symbol: "none", lineStyle: { color: t.quiet, width: 1.2 }, data: stairs, z: 0 },
        ...all.map((p) => ({ type: "scatter", name: p.name, ...mark(p.name, t), symbolSize: 9, z: 3, data: [{ value: [place(p.cost), p.share.value * 100], point: p }],
          label: { show: true, position: place(p.cost) > (low + high) / 2 ? "left" : "right", distance: 9, fontSize: 11, color: t.ink, formatter: p.name, textBorderColor: t.page, textBorderWidth: 2 }, labelLayout: { moveOverlap: "shiftY" } })),
        { type: "custom", silent: true, z: 4, data: edge.map((p) => [place(p.cost), p.share.value * 100]), renderItem: (params, api) => {
          const [cx, cy] = api.coord([api.value(0), api.value(1)]);
          return { type: "circle", shape: { cx, cy, r: 9 }, style: { fill: "none", stroke: t.ink, lineWidth: 1.2, lineDash: edge[params.dataIndex].place === "unclear" ? [2, 2.5] : null } };
        } },
      ];
      return { title, option, height: 320 };
    }).filter(Boolean);
    return {
      panels, strategies: strategiesOf(charted()).filter((s) => drawn.has(s)), keys: [["on the frontier", "", "ring"], ["not distinguishable from it", "", "ring dashed"]],
      head: ["strategy", "mix", "delivered over all conditions", "cost per rejection", "place"], rows: table, empty: "No two strategies were measured under the same conditions.",
    };
  });

  // ---- light, dark, paper ----

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  const nameTheme = () => { $("theme").textContent = isDark() ? "Light colours" : "Dark colours"; };
  $("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    recolour();
  });
  const recolour = () => {
    nameTheme();
    colours = undefined;
    scheduleCharts();
  };
  dark.addEventListener("change", recolour);

  const printedRows = 1000;
  let opened = [], themeBefore;
  addEventListener("beforeprint", () => {
    themeBefore = root.dataset.theme;
    root.dataset.theme = "light";
    colours = undefined;
    opened = [...document.querySelectorAll("details:not([open])")].filter((d) => !d.classList.contains("stills"));
    for (const d of opened) d.open = true;
    root.classList.add("printing");
    reslice();
    for (const c of charts) render(c);
    for (const d of [...waiting]) drawPanel(d);
    renderTable(0, printedRows);
    $("printed").textContent = state.rows.length > printedRows ? `The first ${count(printedRows)} of ${count(state.rows.length)} rows are printed.` : "";
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    root.classList.remove("printing");
    for (const c of charts) for (const d of c.drawn) d.chart?.resize({ width: "auto", height: "auto" });
    if (themeBefore) root.dataset.theme = themeBefore; else delete root.dataset.theme;
    renderTable();
    recolour();
  });

  // ---- start ----

  for (const e of document.querySelectorAll("[data-script]")) e.hidden = false;
  for (const e of document.querySelectorAll("[data-without-script]")) e.remove();
  for (const e of document.querySelectorAll("details.stills")) e.open = false;
  nameTheme();
  buildFilters();
  buildTable();
  buildShared();
  const watch = new IntersectionObserver((entries) => {
    for (const e of entries) {
      const c = charts.find((c) => c.host === e.target);
      c.visible = e.isIntersecting;
      if (c.visible && c.stale) { reslice(); render(c); }
    }
    drawWaiting();
  }, { rootMargin: "200px" });
  for (const c of charts) watch.observe(c.host);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth || root.classList.contains("printing")) return;
    width = innerWidth;
    for (const c of charts) for (const d of c.drawn) d.chart?.resize();
  });
  refilter();
  // Charts in the first screens are drawn at once.
  reslice();
  for (const c of charts) {
    if (c.host.getBoundingClientRect().top > 2 * innerHeight) continue;
    render(c);
    for (const d of c.drawn) drawPanel(d);
  }
  performance.clearMeasures();
})();
