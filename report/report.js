// Comfort for the cells that open: without this file they open and close as well.
"use strict";
(function () {
  const cells = Array.from(document.querySelectorAll("details.cell"));

  function tell(cell) {
    cell.firstElementChild.setAttribute("aria-expanded", String(cell.open));
  }

  function close(cell) {
    if (cell.open) {
      cell.open = false;
      cell.firstElementChild.focus();
    }
  }

  for (const cell of cells) {
    tell(cell);
    cell.addEventListener("toggle", function () {
      tell(cell);
      if (!cell.open) { return; }
      for (const other of cells) { if (other !== cell) { other.open = false; } }
      const panel = cell.querySelector(".panel");
      if (!panel.querySelector(".close")) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "close";
        button.textContent = "Close";
        button.addEventListener("click", function () { close(cell); });
        panel.prepend(button);
      }
    });
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { cells.forEach(close); }
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest("details.cell")) { cells.forEach(function (cell) { cell.open = false; }); }
  });
}());
