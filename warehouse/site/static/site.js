/* Sorting and filtering of tables, charts, and what is said of a cell. Nothing is computed here: figures
   are in the tables. Without this file the pages say the same. */
"use strict";

(() => {
  const collator = new Intl.Collator("vi", { numeric: true });

  const sortKey = (cell) => cell.dataset.value ?? cell.textContent.trim();

  const compare = (one, other, isNumber) => {
    if (one === "" || other === "") return one === other ? 0 : one === "" ? 1 : -1; // what is missing comes last
    return isNumber ? Number(one) - Number(other) : collator.compare(one, other);
  };

  const makeSortable = (table) => {
    const headings = [...table.tHead.rows[0].cells];
    const original = [...table.tBodies[0].rows];
    headings.forEach((heading, at) => {
      const button = heading.querySelector("button");
      button.addEventListener("click", () => {
        const before = heading.getAttribute("aria-sort");
        const next = { ascending: "descending", descending: null }[before] ?? (before ? null : "ascending");
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        const rows = [...original];
        if (next) {
          heading.setAttribute("aria-sort", next);
          const isNumber = heading.classList.contains("n");
          const turn = next === "ascending" ? 1 : -1;
          rows.sort((one, other) => {
            const keys = [sortKey(one.cells[at]), sortKey(other.cells[at])];
            const order = compare(...keys, isNumber);
            return keys.includes("") ? order : turn * order;
          });
        }
        table.tBodies[0].append(...rows);
      });
    });
  };

  const makeFilter = (table) => {
    const holder = table.closest(".scroll").previousElementSibling;
    if (!holder?.classList.contains("filter")) return;
    const rows = [...table.tBodies[0].rows];
    const label = document.createElement("label");
    label.textContent = "Lọc các dòng có chữ: ";
    const input = document.createElement("input");
    input.type = "search";
    input.autocomplete = "off";
    const output = document.createElement("output");
    label.append(input);
    holder.append(label, output);
    const plain = (text) => text.toLocaleLowerCase("vi").normalize("NFC");
    const texts = rows.map((row) => plain(row.textContent));
    input.addEventListener("input", () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      let left = 0;
      rows.forEach((row, at) => {
        const stays = words.every((word) => texts[at].includes(word));
        row.hidden = !stays;
        left += stays;
      });
      output.textContent = words.length ? `còn ${left}/${rows.length} dòng` : "";
    });
  };

  document.querySelectorAll("main table:not(.drawn)").forEach((table) => {
    if (table.tHead.querySelector("button")) makeSortable(table);
    makeFilter(table);
  });

  // on a phone the names of the pages are wider than the screen
  const bar = document.querySelector("nav");
  const here = bar.querySelector("[aria-current]");
  if (here) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;

  // --- charts ------------------------------------------------------------------------------------
  const COLOURS = ["#12395b", "#c47a1b", "#66558a", "#ab231c", "#9aa6ae"];
  const number = (value) => (value === null || value === undefined ? "chưa có" : value.toLocaleString("vi-VN", { maximumFractionDigits: 1 }));

  const options = (kind, unit, chart) => ({
    animation: false,
    aria: { enabled: false },
    color: COLOURS,
    textStyle: { fontFamily: "Plex, sans-serif", color: "#1b2730" },
    grid: { left: 8, right: 20, top: chart.series.length > 1 ? 52 : 28, bottom: 14, containLabel: true },
    legend: { show: chart.series.length > 1, top: 0, left: 0, itemWidth: 16, itemHeight: 8 },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: number },
    xAxis: { type: "category", data: chart.x, boundaryGap: kind !== "line", axisTick: { show: false }, axisLabel: { formatter: (label) => label.replace(/^(tháng|năm) /, ""), hideOverlap: true, showMinLabel: true, showMaxLabel: true, alignMinLabel: "left", alignMaxLabel: "right", color: "#51606b" } },
    yAxis: { type: "value", name: unit, nameTextStyle: { align: "left", color: "#51606b" }, axisLabel: { formatter: number, color: "#51606b" }, splitLine: { lineStyle: { color: "#e3e8ec" } }, splitNumber: 4 },
    series: chart.series.map((series, at) => ({
      name: series.name,
      type: kind === "line" ? "line" : "bar",
      stack: kind === "stacked" ? "all" : undefined,
      data: series.data,
      symbolSize: 6,
      barMaxWidth: 36,
      lineStyle: kind === "line" ? { width: 2.5, type: at ? "dashed" : "solid" } : undefined,
    })),
  });

  const drawn = [];
  // on paper a chart is as wide as its place there: its drawing is scaled
  const scale = (chart) => chart.getDom().querySelector("svg")?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  document.querySelectorAll("[data-charts]").forEach((holder) => {
    const { kind, unit, charts } = JSON.parse(document.getElementById(holder.dataset.charts).textContent);
    const places = holder.querySelectorAll(".chart > div");
    charts.forEach((chart, at) => {
      const made = window.echarts.init(places[at], null, { renderer: "svg" });
      made.setOption(options(kind, unit, chart));
      scale(made);
      drawn.push(made);
    });
  });
  window.addEventListener("resize", () => drawn.forEach((chart) => {
    chart.resize();
    scale(chart);
  }));

  // --- the cell that a figure led to ---------------------------------------------------------------
  const note = document.getElementById("o-dang-xem");
  const showCell = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const cell = name && document.getElementById(name);
    if (!cell) return;
    cell.focus({ preventScroll: true });
    if (!note) return;
    const said = document.getElementById(`i-${name}`);
    if (!said || said.contains(cell)) return;
    const title = document.createElement("p");
    title.textContent = note.dataset.title;
    const copy = document.createElement("div");
    copy.append(...[...said.childNodes].map((node) => node.cloneNode(true)));
    note.replaceChildren(title, copy);
    // the head of the page stays in sight where there is room for it
    const frame = cell.closest(".sheet");
    frame.scrollTo(cell.offsetLeft - frame.clientWidth / 2, cell.offsetTop - frame.clientHeight / 2);
    window.scrollTo(0, 0);
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  window.addEventListener("hashchange", showCell);
  // after the browser's own way to the cell
  window.addEventListener("load", () => setTimeout(showCell));
})();
