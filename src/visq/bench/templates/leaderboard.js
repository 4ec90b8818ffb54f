"use strict";
// Sorting by a click on a column's title, and marking one metric in all tables and plots. The page is whole without it.
(function () {
  function value(row, column) {
    var cell = row.cells[column];
    var text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    return text === "" || isNaN(Number(text)) ? text : Number(text);
  }
  function compare(a, b) {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1; // what is missing comes last either way
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b));
  }
  function sort(table, header, column) {
    var first = header.dataset.first || "ascending";
    var now = header.getAttribute("aria-sort");
    var next = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
    var body = table.tBodies[0];
    var sign = next === "ascending" ? 1 : -1;
    Array.from(body.rows)
      .map(function (row, place) { return { row: row, key: value(row, column), place: place }; })
      .sort(function (a, b) {
        var order = compare(a.key, b.key);
        var empty = a.key === "" || b.key === "";
        return (empty ? order : sign * order) || a.place - b.place;
      })
      .forEach(function (item) { body.appendChild(item.row); });
    table.querySelectorAll("th[aria-sort]").forEach(function (other) { other.setAttribute("aria-sort", "none"); });
    header.setAttribute("aria-sort", next);
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (header, column) {
      if (!header.hasAttribute("data-sort")) return;
      var button = document.createElement("button");
      button.type = "button";
      while (header.firstChild) button.appendChild(header.firstChild);
      header.appendChild(button);
      header.setAttribute("aria-sort", header.dataset.sort);
      button.addEventListener("click", function () { sort(table, header, column); });
    });
  });
  var chosen = "";
  document.addEventListener("click", function (event) {
    var origin = event.target.closest("tbody th");
    var owner = origin && origin.closest("[data-metric]");
    if (!owner || event.target.closest("a")) return;
    chosen = chosen === owner.dataset.metric ? "" : owner.dataset.metric;
    document.querySelectorAll("[data-metric]").forEach(function (item) {
      item.classList.toggle("on", item.dataset.metric === chosen);
    });
  });
})();
