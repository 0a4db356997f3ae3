// Quick add: arrow keys from the search to what it found, Enter to take the only one, Escape to close; a new contact
// begins with what was searched for.
(() => {
  "use strict";
  const people = (quick) => [...quick.querySelectorAll("[data-quick-person]")];

  function close(quick) {
    const opener = document.querySelector(`[data-quick-add="${CSS.escape(quick.dataset.quick)}"]`);
    if (!opener) return document.querySelector("a.page-pretitle")?.click(); // a page of its own
    quick.parentElement.replaceChildren(); // :empty, which is not shown
    opener.focus();
  }

  // Up from the first leads back to the search.
  function step(quick, from, by) {
    const search = quick.querySelector("[data-quick-search]");
    const row = [search, ...people(quick)];
    row[Math.max(0, Math.min(row.indexOf(from) + by, row.length - 1))].focus();
  }

  function beginPerson(quick) {
    const details = quick.querySelector("details");
    if (!details) return; // somebody who may not make contacts
    details.open = true;
    details.querySelector("[name=name]").focus();
  }

  document.addEventListener("keydown", (event) => {
    const quick = event.target.closest("[data-quick]");
    if (!quick || event.isComposing) return;
    const search = event.target.closest("[data-quick-search]");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      close(quick);
    } else if (by && (search || event.target.closest("[data-quick-person]"))) {
      event.preventDefault();
      step(quick, event.target, by);
    } else if (event.key === "Enter" && search && search.value.trim() && quick.querySelector("[data-quick-found]").dataset.quickFound === search.value.trim()) {
      event.preventDefault();
      const found = people(quick);
      if (found.length === 1) found[0].click(); // of several one is chosen
      else if (found.length) found[0].focus();
      else beginPerson(quick);
    }
  });

  // Whom the search did not find is not typed again.
  document.addEventListener("toggle", ({ target }) => {
    const quick = target.matches("details[open]") && target.closest("[data-quick]");
    if (!quick) return;
    const typed = quick.querySelector("[data-quick-search]").value.trim();
    const field = quick.querySelector(/^[\d\s()+.-]+$/.test(typed) ? "[name=phone]" : "[name=name]");
    if (typed && !typed.includes("@") && !quick.querySelector("[data-quick-person]") && !field.value) field.value = typed;
  }, true); // it does not bubble

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-quick-close]");
    if (button) close(button.closest("[data-quick]"));
  });
})();
