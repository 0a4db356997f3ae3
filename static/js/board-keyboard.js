// The board by keyboard: one card is in the order of Tab, arrows lead to the others; picking up, the menu, undo.
(() => {
  "use strict";
  const board = window.funnelBoard;
  const { root, cardOf, cardsIn, listOf, moreIn, columnOf, placeOf } = board;
  const columns = () => [...root().querySelectorAll("[data-stage]")];
  const isOpen = (column) => !column.classList.contains("is-collapsed");

  // The one card that Tab leads to ------------------------------------------------------------------------------------
  function reach(card, isReached) {
    [card, ...card.querySelectorAll("a, button")].forEach((element) => (element.tabIndex = isReached ? 0 : -1));
  }

  function makeCurrent(card) {
    root().querySelectorAll("[data-card][tabindex='0']").forEach((other) => other !== card && reach(other, false));
    reach(card, true);
  }

  function tidy() {
    if (!root()) return;
    root().querySelectorAll("[data-card] a:not([tabindex])").forEach((link) => (link.tabIndex = -1));
    const first = root().querySelector("[data-card][tabindex='0']") ?? root().querySelector("[data-card]");
    if (first) makeCurrent(document.activeElement?.closest?.("[data-board] [data-card]") ?? first);
  }
  ["board:changed", "htmx:load", "htmx:historyRestore"].forEach((name) => document.addEventListener(name, tidy));
  document.addEventListener("focusin", ({ target }) => target.closest("[data-board] [data-card]") && makeCurrent(target.closest("[data-card]")));
  tidy();

  function go(card) {
    if (!card) return;
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // Where keys lead from a card ---------------------------------------------------------------------------------------
  const STEPS = { ArrowUp: "up", ArrowDown: "down", Home: "top", End: "bottom" };
  const SIDES = { ArrowLeft: -1, ArrowRight: 1 };

  /** The card there: "up", "down", "top" or "bottom" of its column. */
  function neighbour(card, step) {
    const cards = cardsIn(card.parentElement);
    const at = cards.indexOf(card);
    return { up: cards[at - 1], down: cards[at + 1], top: cards[0], bottom: cards.at(-1) }[step];
  }

  /** The next column to that side which shows its cards; with `isFilled`, which has some. */
  function beside(card, side, isFilled) {
    const all = columns();
    for (let at = all.indexOf(columnOf(card)) + side; all[at]; at += side) {
      if (isOpen(all[at]) && !(isFilled && !all[at].querySelector("[data-card]"))) return all[at];
    }
    return null;
  }

  const level = (card, column) => {
    const cards = [...column.querySelectorAll("[data-card]")];
    return cards[Math.min(cardsIn(card.parentElement).indexOf(card), cards.length - 1)];
  };

  function placeAt(card, step) {
    const stage = placeOf(card).stage;
    const other = neighbour(card, step);
    const isLast = step === "bottom" && moreIn(card.parentElement);
    if (isLast) return { stage, after: "last" }; // below what is not loaded yet
    if (!other || other === card) return null;
    if (step === "up" || step === "top") return { stage, after: placeOf(other).after, before: other.dataset.card };
    return { stage, after: other.dataset.card };
  }

  function placeBeside(card, side) {
    const column = beside(card, side);
    if (!column) return null;
    const at = level(card, column);
    return { stage: column.dataset.stage, after: at ? placeOf(at).after : null, before: at?.dataset.card ?? null };
  }

  // A card in the hand ------------------------------------------------------------------------------------------------
  let picked = null; // { id, origin, isLast }

  function pick(card) {
    picked = { id: card.dataset.card, origin: placeOf(card) };
    board.hold();
    card.classList.add("is-picked");
    board.say("picked", card);
  }

  function carryTo(card, place) {
    if (place) board.shift(card, place);
    if (place) picked.isLast = place.after === "last";
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    board.say("over", card);
  }

  function letGo(card, isKept) {
    const { origin, isLast } = picked;
    picked = null;
    card.classList.remove("is-picked");
    if (isKept) {
      board.say("dropped", card);
      board.commit(card, origin, isLast);
    } else {
      board.putBack(card, origin);
    }
    board.release();
  }

  // Whoever goes elsewhere lets go: Tab is not taken away.
  document.addEventListener("focusout", () => setTimeout(() => {
    const card = picked && cardOf(picked.id);
    if (card && card !== document.activeElement) letGo(card, false);
  }));

  function pressHolding({ key }, card) {
    if (STEPS[key]) carryTo(card, placeAt(card, STEPS[key]));
    else if (SIDES[key]) carryTo(card, placeBeside(card, SIDES[key]));
    else if (key === " " || key === "Enter") letGo(card, true);
    else if (key === "Escape") letGo(card, false);
    else return false;
    return true;
  }

  function pressOn({ key, target }, card) {
    const isCard = target === card;
    const side = SIDES[key] && beside(card, SIDES[key], true);
    if (STEPS[key]) go(neighbour(card, STEPS[key]));
    else if (SIDES[key]) go(side && level(card, side));
    else if (key === " " && isCard && board.canEdit()) pick(card);
    else if (key === "Enter" && isCard) card.querySelector("[data-panel]")?.click();
    else if (key.toLowerCase() === "m" && board.canEdit()) openMenu(card);
    else return false;
    return true;
  }

  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], dialog, .offcanvas");

  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.isComposing || !root()) return;
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
    if (isUndo && !isTyping(target) && !picked && board.canEdit()) {
      event.preventDefault();
      board.undo();
    }
    const card = target.closest("[data-board] [data-card]");
    if (!card || event.ctrlKey || event.altKey || event.metaKey) return;
    if (picked?.id === card.dataset.card ? pressHolding(event, card) : pressOn(event, card)) event.preventDefault();
  });

  // The menu that moves a card ----------------------------------------------------------------------------------------
  let chosen = null; // the card that the menu is open for
  const menu = () => document.getElementById("board-menu");

  function openMenu(card) {
    chosen = card.dataset.card;
    menu().querySelector("[data-title]").textContent = board.phrase("move", card);
    menu().querySelectorAll("[data-to]").forEach((button) => (button.disabled = button.dataset.to === placeOf(card).stage));
    menu().querySelectorAll("[data-go]").forEach((button) => (button.disabled = !placeAt(card, button.dataset.go)));
    menu().returnValue = "";
    menu().showModal();
  }

  function placeChosen(card, choice) {
    const list = listOf(choice);
    if (!list) return placeAt(card, choice);
    return { stage: choice, after: null, before: cardsIn(list)[0]?.dataset.card ?? null };
  }

  function moveTo(card, place) {
    const [origin, heir] = [placeOf(card), neighbour(card, "down") ?? neighbour(card, "up")];
    board.shift(card, place);
    go(isOpen(columnOf(card)) ? card : heir);
    board.commit(card, origin, place.after === "last");
  }

  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-board] [data-menu]");
    if (opener) openMenu(opener.closest("[data-card]"));
  });

  document.addEventListener("close", ({ target }) => {
    const card = target.id === "board-menu" && cardOf(chosen);
    if (!card) return;
    const place = target.returnValue && placeChosen(card, target.returnValue);
    if (place) moveTo(card, place);
    else go(card);
  }, true); // it does not bubble
})();
