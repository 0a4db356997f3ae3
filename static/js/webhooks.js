// The events picker: the search, how many are chosen, and ticks on what a wider choice covers. Without this script the
// boxes do the same, only that each is ticked by hand.
(() => {
  "use strict";
  const boxes = (root) => [...root.querySelectorAll("[name=events]")];

  function cover(box, isCovered) {
    if (isCovered && !("own" in box.dataset)) box.dataset.own = box.checked ? "yes" : "no"; // as it was ticked by hand
    if (isCovered) box.checked = true;
    else if ("own" in box.dataset) {
      box.checked = box.dataset.own === "yes";
      delete box.dataset.own;
    }
    box.disabled = isCovered; // and is not sent: the wider choice is
  }

  function tell(picker) {
    const all = picker.querySelector("[value='*']");
    for (const group of picker.querySelectorAll("[data-events-group]")) {
      const wide = group.querySelector("[data-covers]");
      if (wide) cover(wide, all.checked);
      boxes(group).forEach((box) => box !== wide && cover(box, all.checked || Boolean(wide?.checked)));
    }
    const word = picker.querySelector("[data-chosen]");
    const count = picker.querySelectorAll("[data-event] :checked").length;
    const text = all.checked ? word.dataset.all : word.dataset.chosen.replace("{}", count);
    if (word.textContent !== text) word.textContent = text;
  }

  function search(picker, wanted) {
    const text = wanted.trim().toLowerCase();
    let isAny = false;
    for (const group of picker.querySelectorAll("[data-events-group]")) {
      const isWhole = group.querySelector("legend").textContent.toLowerCase().includes(text);
      let isShown = isWhole;
      for (const event of group.querySelectorAll("[data-event]")) {
        event.hidden = !isWhole && !event.textContent.toLowerCase().includes(text);
        isShown ||= !event.hidden;
      }
      group.hidden = !isShown;
      isAny ||= isShown;
    }
    picker.querySelector("[data-none]").hidden = isAny;
  }

  document.addEventListener("change", (event) => {
    const picker = event.target.name === "events" && event.target.closest("[data-events-picker]");
    if (picker) tell(picker);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "events-search") search(event.target.closest("[data-events-picker]"), event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "events-search" && event.key === "Enter") event.preventDefault(); // searches, sends nothing
  });

  function begin() {
    for (const picker of document.querySelectorAll("[data-events-picker]")) {
      picker.querySelector("[data-events-search]").hidden = false;
      tell(picker);
    }
  }
  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
