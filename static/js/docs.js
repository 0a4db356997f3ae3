// The API's pages: search by typing, the call of the address opened, one language for all samples.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const menu = document.querySelector(".docs-menu");
  const find = menu.querySelector("[data-docs-find]");
  const none = menu.querySelector("[data-docs-none]");
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // The list at the side: only the group of this page stands unfolded; on a phone the whole list is closed.
  all("[data-docs-folded]", menu).forEach((list) => list.classList.add("is-folded"));
  if (matchMedia("(max-width: 991.98px)").matches) menu.open = false;
  find.hidden = false; // without this script it would do nothing

  function search() {
    const words = plain(find.querySelector("input").value).split(/\s+/).filter(Boolean);
    let shown = 0;
    all("[data-docs-group]", menu).forEach((group) => {
      let here = 0;
      all("li", group).forEach((line) => {
        const text = plain(line.dataset.docsWords);
        line.hidden = !words.every((word) => text.includes(word));
        here += !line.hidden;
      });
      group.hidden = words.length > 0 && here === 0;
      all("[data-docs-folded]", group).forEach((list) => list.classList.toggle("is-folded", words.length === 0));
      shown += here;
    });
    none.hidden = shown > 0;
  }
  find.addEventListener("input", search);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    menu.open = true;
    find.querySelector("input").focus();
  });

  // The call that the address names stands open.
  function open() {
    const named = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    all(".is-here", menu).forEach((link) => link.classList.remove("is-here"));
    if (!named?.matches(".docs-call")) return;
    named.open = true;
    all(`a[href$="#${CSS.escape(named.id)}"]`, menu).forEach((link) => link.classList.add("is-here"));
    named.scrollIntoView();
    if (matchMedia("(max-width: 991.98px)").matches) menu.open = false;
  }
  addEventListener("hashchange", open);
  open();
  if (!location.hash) document.querySelector(".docs-call")?.setAttribute("open", "");

  // The language chosen once is that of every sample.
  const KEPT = "docs-language";
  function choose(language) {
    all("[data-language]").forEach((tab) => {
      const chosen = tab.dataset.language === language;
      tab.classList.toggle("active", chosen);
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const pane = document.querySelector(tab.dataset.bsTarget);
      pane.classList.toggle("active", chosen);
      pane.classList.toggle("show", chosen);
    });
  }
  document.addEventListener("shown.bs.tab", (event) => {
    const { language } = event.target.dataset;
    if (!language) return;
    choose(language);
    try {
      localStorage.setItem(KEPT, language);
    } catch {
      // kept for this page only
    }
  });
  try {
    const kept = localStorage.getItem(KEPT);
    if (document.querySelector(`[data-language="${CSS.escape(kept ?? "")}"]`)) choose(kept);
  } catch {
    // nothing is kept here
  }
})();
