// Cards dragged by mouse and by touch. The columns scroll by themselves when a card is held at their edge.
(() => {
  "use strict";
  const board = window.funnelBoard;
  let origin = null;

  function start({ item }) {
    board.hold();
    origin = board.placeOf(item);
    const ghost = window.Sortable.ghost; // a copy under the pointer: one of each id is enough
    [ghost, ...ghost.querySelectorAll("[id]")].forEach((element) => element.removeAttribute("id"));
    ghost.removeAttribute("data-card");
    document.body.classList.add("is-dragging");
  }

  function end({ item }) {
    document.body.classList.remove("is-dragging");
    if (item.isConnected) {
      board.carry(item, origin.stage, board.placeOf(item).stage);
      document.dispatchEvent(new Event("board:changed"));
      item.focus({ preventScroll: true });
      board.commit(item, origin);
    }
    board.release();
  }

  const OPTIONS = {
    group: "cards",
    draggable: "[data-card]",
    forceFallback: true, // the browsers' own dragging knows no touch, and each draws it in its own way
    fallbackOnBody: true,
    fallbackTolerance: 5, // less is a click
    delay: 200, // a finger that moves at once scrolls
    delayOnTouchOnly: true,
    touchStartThreshold: 6,
    scrollSensitivity: 60,
    scrollSpeed: 14,
    emptyInsertThreshold: 60,
    onStart: start,
    onEnd: end,
  };

  function bind() {
    if (!board.canEdit()) return;
    const animation = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120;
    board.root().querySelectorAll("[data-cards]").forEach((list) => window.Sortable.get(list) ?? new window.Sortable(list, { ...OPTIONS, animation }));
  }
  ["board:changed", "htmx:load", "htmx:historyRestore"].forEach((name) => document.addEventListener(name, bind));
  bind();
})();
