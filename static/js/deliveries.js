// Picking rows: "all on this page", how many are picked, and no live refresh that would lose them.
(() => {
  "use strict";
  const boxes = (form) => [...form.querySelectorAll("[name=id]")];

  function tell(form) {
    const count = boxes(form).filter((box) => box.checked).length;
    const word = form.querySelector("[data-picked]");
    const all = form.querySelector("[data-pick-all]");
    if (!word) return;
    word.textContent = count ? word.dataset.picked.replace("{}", count) : "";
    all.hidden = false; // without this script it would do nothing
    all.querySelector("input").checked = count > 0 && count === boxes(form).length;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-picks]");
    if (!form) return;
    if (event.target.closest("[data-pick-all]")) boxes(form).forEach((box) => (box.checked = event.target.checked));
    tell(form);
  });

  document.addEventListener("refresh", (event) => {
    const held = event.target.dataset?.holds;
    if (held && document.querySelector(`${held}:checked`)) event.stopImmediatePropagation();
  }, true); // before htmx hears it

  const tellAll = () => document.querySelectorAll("[data-picks]").forEach(tell);
  document.addEventListener("htmx:afterSettle", tellAll);
  tellAll();
})();
