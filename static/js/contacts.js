// Picking contacts: "all on this page", all that fit the filters, how many are picked, and the actions once some are.
(() => {
  "use strict";
  const boxes = (form) => [...form.querySelectorAll("[name=ids]")];

  function tell(form) {
    const page = form.querySelector("[data-pick-page]");
    if (!page) return;
    const everyone = form.querySelector("[name=all]")?.checked ?? false;
    const count = boxes(form).filter((box) => box.checked).length;
    const word = form.querySelector("[data-picked]");
    boxes(form).forEach((box) => (box.disabled = everyone)); // so that only one of the two is sent
    page.hidden = false; // without this script it would do nothing
    const all = page.querySelector("input");
    all.disabled = everyone;
    all.checked = count > 0 && count === boxes(form).length;
    word.textContent = count && !everyone ? word.dataset.picked.replace("{}", count) : "";
    const verbs = form.querySelector("[data-when-picked]");
    verbs.dataset.whenPicked.split(" ").forEach((name) => verbs.classList.toggle(name, !count && !everyone));
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-picks-contacts]");
    if (!form) return;
    if (event.target.closest("[data-pick-page]")) boxes(form).forEach((box) => (box.checked = event.target.checked));
    tell(form);
  });

  const tellAll = () => document.querySelectorAll("[data-picks-contacts]").forEach(tell);
  document.addEventListener("htmx:afterSettle", tellAll);
  tellAll();
})();
