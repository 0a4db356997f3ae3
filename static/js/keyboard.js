// Keys: "/" searches, "g" and a letter opens a page of the menu, "?" lists them all. They can be switched off (WCAG 2.1.4).
(() => {
  "use strict";
  const STORED = "shortcuts";
  const PAUSE_MS = 1500; // between "g" and its letter
  const dialog = document.getElementById("shortcuts");
  let gAt = -Infinity;
  let areOn = true;
  try {
    areOn = localStorage.getItem(STORED) !== "off";
  } catch {} // this browser keeps nothing: switched off until the next page

  function keep(on) {
    areOn = on;
    try {
      localStorage.setItem(STORED, on ? "on" : "off");
    } catch {}
  }

  function search() {
    const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
    if (!field) return false;
    if (!field.checkVisibility()) document.querySelector(".navbar-toggler")?.click(); // it is in the folded menu
    field.focus();
    field.select();
    return true;
  }

  function open(letter) {
    const link = [...document.querySelectorAll("[data-key]")].find((other) => other.dataset.key === letter);
    link?.click();
    return Boolean(link);
  }

  function list() {
    if (!dialog) return false;
    dialog.querySelector("[data-shortcuts-switch]").checked = areOn;
    dialog.showModal();
    return true;
  }

  // AltGr counts as Ctrl and Alt, and small Brazilian keyboards need it for "/" and "?".
  const isCombined = (event) => event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));
  const isTyping = (event) => event.isComposing || event.target.closest("input, textarea, select, [contenteditable]");

  function press(event) {
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock is no Shift
    const followsG = event.timeStamp - gAt < PAUSE_MS;
    gAt = -Infinity;
    if (followsG && open(key)) return true;
    if (key === "g") gAt = event.timeStamp;
    if (key === "/") return search();
    return key === "?" && list();
  }

  document.addEventListener("keydown", (event) => {
    if (["Shift", "AltGraph", "CapsLock"].includes(event.key)) return; // on the way to a key, none by itself
    if (event.defaultPrevented || event.repeat || isCombined(event) || isTyping(event)) return;
    if (document.querySelector("dialog[open]") || !areOn) return;
    if (press(event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => event.target.closest("[data-shortcuts]") && list());
  dialog?.querySelector("[data-shortcuts-switch]").addEventListener("change", (event) => keep(event.target.checked));
})();
