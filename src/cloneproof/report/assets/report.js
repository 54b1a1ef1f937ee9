"use strict";
/* What the page can do: sort and filter tables, open texts, read the map. Text from the data is only ever
   put into the page as text (textContent), never as HTML. */
(() => {
  const read = (name) => {
    const block = document.getElementById(`data-${name}`);
    return block === null ? null : JSON.parse(block.textContent);
  };
  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  /* ---- tables ---- */
  const valueOf = (row, column, numeric) => {
    const cell = row.cells[column];
    const value = cell.dataset.value;
    if (value === undefined) return numeric ? -Infinity : cell.textContent.trim();
    const number = Number(value);
    return Number.isNaN(number) ? value : number;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  const sortBy = (table, column) => {
    const heading = table.tHead.rows[0].cells[column];
    const was = heading.getAttribute("aria-sort");
    const numeric = heading.classList.contains("number");
    const next = was === "none" ? (numeric ? "descending" : "ascending") : was === "descending" ? "ascending" : "descending";
    for (const other of table.tHead.rows[0].cells) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    heading.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    const grouped = table.tBodies.length > 1;
    const units = grouped ? [...table.tBodies] : [...table.tBodies[0].rows];
    const rowOf = (unit) => (grouped ? unit.rows[0] : unit);
    const keyed = units.map((unit, order) => [valueOf(rowOf(unit), column, numeric), order, unit]);
    keyed.sort((a, b) => sign * compare(a[0], b[0]) || a[1] - b[1]);
    (grouped ? table : table.tBodies[0]).append(...keyed.map((entry) => entry[2]));
    limit(table);
  };
  /* long tables show their first rows; a filter or the button under them shows more */
  const limit = (table) => {
    const first = Number(table.dataset.first ?? Infinity);
    let shown = 0;
    for (const unit of table.tBodies.length > 1 ? table.tBodies : table.tBodies[0].rows) {
      if (unit.dataset.filtered === "out") {
        unit.hidden = true;
      } else {
        unit.hidden = shown >= first && !("all" in table.dataset);
        shown += 1;
      }
    }
    return shown;
  };
  for (const table of document.querySelectorAll("table[data-first]")) {
    const more = table.parentElement.nextElementSibling;
    limit(table);
    if (more !== null && more.classList.contains("more")) {
      more.firstElementChild.addEventListener("click", () => {
        table.dataset.all = "true";
        limit(table);
        more.hidden = true;
      });
    }
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = heading.querySelector("button");
      if (button !== null) button.addEventListener("click", () => sortBy(table, heading.cellIndex));
    }
  }

  /* ---- families ---- */
  const families = document.getElementById("family-table");
  if (families !== null) {
    const text = document.getElementById("family-text");
    const least = document.getElementById("family-overcount");
    const count = document.getElementById("family-count");
    const bodies = [...families.tBodies];
    const apply = () => {
      const wanted = text.value.trim().toLocaleLowerCase();
      const low = Number(least.value) || 0;
      let shown = 0;
      for (const body of bodies) {
        const fits = Number(body.dataset.overcount) >= low && body.textContent.toLocaleLowerCase().includes(wanted);
        body.dataset.filtered = fits ? "in" : "out";
        shown += fits ? 1 : 0;
      }
      limit(families);
      count.textContent = `${shown} of ${bodies.length} families`;
    };
    text.addEventListener("input", apply);
    least.addEventListener("input", apply);
    for (const button of families.querySelectorAll("button.open")) {
      const detail = document.getElementById(button.getAttribute("aria-controls"));
      detail.hidden = true;
      button.addEventListener("click", () => {
        detail.hidden = !detail.hidden;
        button.setAttribute("aria-expanded", String(!detail.hidden));
      });
    }
    window.addEventListener("beforeprint", () => {
      for (const detail of families.querySelectorAll("tr.detail")) detail.hidden = true;
    });
  }

  /* ---- map ---- */
  const charts = read("bokeh-charts");
  if (charts === null) return;
  Bokeh.set_log_level("error");
  const words = read("map-words");
  const number = (value) => (value === null ? "–" : value.toFixed(2).replace("-", "\u2212"));
  const describe = (i, whole) => {
    const box = element("div", "reading");
    const text = words.texts[i] ?? "";
    const line = (className, content) => {
      const p = element("p", className, content);
      p.dir = "auto";
      box.append(p);
      return p;
    };
    line("who", words.ids[i]);
    if (words.prompt.length && words.prompts[words.prompt[i]]) line("prompt", words.prompts[words.prompt[i]]);
    if (text) line("text", whole || text.length <= 240 ? text : `${text.slice(0, 239)}…`);
    const votes = words.votes[i];
    const size = words.size[i];
    line("facts", `${number(votes)} votes; ${size > 1 ? `family of ${size.toLocaleString("en")} near-copies` : "no near-copies"}`);
    line("facts", `reward ${number(words.plain[i])} plain, ${number(words.weighted[i])} weighted`);
    return box;
  };
  const start = async () => {
    for (const [id, item] of Object.entries(charts)) await Bokeh.embed.embed_item(item, id);
    const place = document.getElementById("map-chart");
    if (place === null || words === null) return;
    const figure = Bokeh.documents.map((doc) => doc.get_model_by_name("map")).find((model) => model);
    const model = (name) => figure.document.get_model_by_name(name);
    const dots = model("dots");
    const links = model("links");
    const source = dots.data_source;
    const detail = document.getElementById("map-detail");
    const counter = document.getElementById("map-count");

    /* colours follow the page's theme */
    const paint = () => {
      const css = getComputedStyle(document.documentElement);
      const ink = (name) => css.getPropertyValue(`--${name}`).trim();
      dots.glyph.fill_color.transform.palette = Array.from({ length: 7 }, (_, i) => ink(`bin${i}`));
      for (const glyph of [dots.glyph, dots.nonselection_glyph]) glyph.line_color = { value: ink("outline") };
      for (const glyph of [links.glyph, links.nonselection_glyph]) if (glyph) glyph.line_color = { value: ink("soft") };
      for (const axis of [...figure.below, ...figure.left]) {
        axis.axis_label_text_color = ink("soft");
        axis.major_label_text_color = ink("soft");
        axis.axis_line_color = axis.major_tick_line_color = ink("faint");
        axis.minor_tick_line_color = null;
      }
      for (const grid of figure.center) if ("grid_line_color" in grid) grid.grid_line_color = ink("line");
      figure.outline_line_color = ink("line");
    };
    const fit = () => {
      figure.height = place.clientWidth < 520 ? 380 : 520;
    };
    fit();
    addEventListener("resize", fit);
    paint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    matchMedia("print").addEventListener("change", paint);

    /* reading one dot: a box beside the pointer, and the panel for the chosen one */
    const tip = element("div", "tooltip");
    tip.hidden = true;
    place.parentElement.append(tip);
    place.addEventListener("pointermove", (event) => {
      const indices = source.inspected.indices;
      if (indices.length === 0 || event.pointerType === "touch") {
        tip.hidden = true;
        return;
      }
      if (tip.dataset.shown !== String(indices[0])) {
        tip.replaceChildren(describe(indices[0], false));
        tip.dataset.shown = String(indices[0]);
        if (indices.length > 1) tip.append(element("p", "who", `and ${indices.length - 1} more at this place`));
      }
      tip.hidden = false;
      const frame = place.parentElement.getBoundingClientRect();
      const x = event.clientX - frame.left;
      const y = event.clientY - frame.top;
      const left = x + 16 + tip.offsetWidth > frame.width ? x - 16 - tip.offsetWidth : x + 16;
      tip.style.left = `${Math.max(4, Math.min(left, frame.width - tip.offsetWidth - 4))}px`;
      tip.style.top = `${y + 16 + tip.offsetHeight > place.offsetHeight ? Math.max(4, y - 16 - tip.offsetHeight) : y + 16}px`;
    });
    place.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
    const show = () => {
      const chosen = source.selected.indices;
      if (chosen.length === 0) {
        detail.replaceChildren(element("p", "hint", "Nothing chosen yet."));
        return;
      }
      detail.replaceChildren(element("p", "who", `${chosen.length.toLocaleString("en")} chosen`));
      for (const i of chosen.slice(0, 12)) detail.append(describe(i, true), element("hr"));
    };
    source.selected.properties.indices.change.connect(show);
    const choose = (indices) => {
      source.selected.indices = indices;
    };
    const search = document.getElementById("map-search");
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLocaleLowerCase();
      const texts = words.texts.length ? words.texts : words.ids;
      const found = [];
      if (wanted) texts.forEach((text, i) => text.toLocaleLowerCase().includes(wanted) && found.push(i));
      choose(found);
      counter.textContent = wanted ? `${found.length.toLocaleString("en")} found` : "";
    });
    document.getElementById("map-clear").addEventListener("click", () => {
      search.value = counter.textContent = "";
      choose([]);
    });
    for (const button of document.querySelectorAll("button.on-map")) {
      button.addEventListener("click", () => {
        const family = Number(button.dataset.family);
        choose(words.family.flatMap((label, i) => (label === family ? [i] : [])));
        document.getElementById("map").scrollIntoView({ behavior: "auto", block: "start" });
      });
    }
    document.documentElement.dataset.ready = "true";
  };
  start();
})();
