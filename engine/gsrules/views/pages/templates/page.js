"use strict";
// Filters and sorts the lists. The page can be read without: all rows are in it.
(() => {
  const number = /^[-+]?[\d,]*\.?\d+$/;
  const nothing = "∅";

  const worth = (row, column) => {
    const words = row.cells[column].textContent.trim();
    if (words === nothing) return null;
    return number.test(words) ? Number(words.replaceAll(",", "")) : words;
  };

  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });
  };

  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [worth(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return descending ? compare(b, a) : compare(a, b);
    });
    body.append(...rows.map(([, row]) => row));
  };

  const makeSortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending);
      });
    });
  };

  const makeFilterable = (listing) => {
    const rows = [...listing.querySelectorAll("tbody > tr, .entry")];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const fields = [...listing.querySelectorAll("[data-filter]")];
    const shown = listing.querySelector(".shown");
    const apply = () => {
      let count = 0;
      rows.forEach((row, at) => {
        const kept = fields.every((field) => {
          if (!field.value) return true;
          if (field.dataset.filter === "text") return texts[at].includes(field.value.trim().toLowerCase());
          return row.dataset[field.dataset.filter] === field.value;
        });
        row.hidden = !kept;
        if (kept) count += 1;
      });
      const all = count === rows.length;
      const digits = (value) => value.toLocaleString("en");
      const total = Number(listing.dataset.total);
      const words = [`${all ? "" : `${digits(count)} of `}${digits(rows.length)} ${listing.dataset.noun}`];
      if (total > rows.length) words.push(`${digits(total)} in all`);
      shown.textContent = words.join(", ");
    };
    fields.forEach((field) => field.addEventListener("input", apply));
    listing.querySelector(".controls").hidden = false;
    apply();
  };

  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
  document.querySelectorAll(".listing").forEach(makeFilterable);
  // What is folded would be missing on paper.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not(.long):not(.more)").forEach((each) => { each.open = true; });
  });
})();
