// A button that prints the page; hidden while there is no script to do it.
(() => {
  "use strict";
  const show = () => document.querySelectorAll("[data-print][hidden]").forEach((button) => (button.hidden = false));
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());
})();
