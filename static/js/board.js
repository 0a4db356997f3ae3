// The board of a funnel: its columns and cards on the page, their words, counts and places. No server here.
window.funnelBoard = (() => {
  "use strict";
  // What is on the page ----------------------------------------------------------------------------------------------
  const root = () => document.querySelector("[data-board]");
  const canEdit = () => root()?.hasAttribute("data-can-edit") ?? false;
  const cardOf = (id) => root()?.querySelector(`[data-card="${CSS.escape(id)}"]`);
  const listOf = (stage) => document.getElementById(`cards-${stage}`);
  const cardsIn = (list) => [...list.querySelectorAll(":scope > [data-card]")];
  const moreIn = (list) => list.querySelector(":scope > [data-more]");
  const columnOf = (card) => card.closest("[data-stage]");
  const near = (card, way) => {
    const other = card[way];
    return other?.matches("[data-card]") ? other.dataset.card : null;
  };

  function placeOf(card) {
    const after = near(card, "previousElementSibling");
    return { stage: columnOf(card).dataset.stage, after, before: near(card, "nextElementSibling") };
  }

  // Words ------------------------------------------------------------------------------------------------------------
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_all, name) => facts[name]);

  function phrase(key, card) {
    const words = JSON.parse(root().dataset.words);
    if (!card) return words[key];
    const { stage } = placeOf(card);
    const position = cardsIn(card.parentElement).indexOf(card) + 1;
    const total = figures(stage).count.textContent;
    return fill(words[key], { name: card.dataset.name, stage: document.getElementById(`stage-name-${stage}`).textContent.trim(), position, total });
  }

  function say(key, card) {
    const live = document.getElementById("board-said");
    const text = phrase(key, card);
    live.textContent = live.textContent === text ? `${text}\u00a0` : text; // the same words twice are heard twice
  }

  let offer = null; // the toast with the button to take the last move back
  const withdraw = () => offer?.remove();

  function tell(text, tone, action) {
    const detail = { text, tone, action };
    if (action) withdraw();
    document.dispatchEvent(new CustomEvent("toast", { detail }));
    if (action) offer = detail.box;
  }

  // Counts and sums: as the server writes them, whose digits are a count, and cents ---------------------------------------
  const digits = (element) => Number(element?.textContent.replace(/\D/g, "") ?? 0);
  const written = (number, options) => new Intl.NumberFormat(document.documentElement.lang, options).format(number);

  function figures(stage) {
    const head = document.getElementById(`stage-head-${stage}`);
    return { count: head?.querySelector(".board-count"), sum: head?.querySelector("strong") };
  }

  function tally(stage, cards, cents) {
    const { count, sum } = figures(stage);
    if (count) count.textContent = written(Math.max(0, digits(count) + cards));
    if (sum) sum.textContent = written(Math.max(0, digits(sum) + cents) / 100, { style: "currency", currency: "BRL" });
  }

  /** Of all open columns, beside the tabs; with filters, of the cards that they let through. */
  function addUp() {
    const box = document.getElementById("board-total");
    const open = [...(root()?.querySelectorAll("[data-stage][data-kind=open]") ?? [])].map((column) => figures(column.dataset.stage));
    const [count, cents] = ["count", "sum"].map((name) => open.reduce((total, figure) => total + digits(figure[name]), 0));
    const sum = written(cents / 100, { style: "currency", currency: "BRL" });
    if (box) box.textContent = fill(box.dataset.text, { count: written(count), sum });
  }

  /** Counts a card over from one column to the other. */
  function carry(card, from, to) {
    if (from === to) return;
    const cents = digits(card.querySelector("b"));
    tally(from, -1, -cents);
    tally(to, 1, cents);
    addUp();
  }

  // Only the figures of a header are taken over, so that a button in it keeps the focus.
  function showHeads(heads) {
    for (const [stage, html] of Object.entries(heads ?? {})) {
      document.getElementById(`stage-head-${stage}`)?.querySelector("p").replaceWith(fromHtml(html).querySelector("p"));
    }
    addUp();
  }

  // Placing ----------------------------------------------------------------------------------------------------------
  function keepFocus(card, change) {
    const had = card.contains(document.activeElement) ? document.activeElement : null;
    change();
    if (had && document.activeElement !== had) had.focus({ preventScroll: true });
  }

  /** The element before which a card stands at `place`, null for the end, undefined where the page does not reach. */
  function nextAt(list, { after, before }) {
    const here = (id) => (id && cardOf(id)?.parentElement === list ? cardOf(id) : null);
    if (!after && !before) return cardsIn(list)[0] ?? moreIn(list);
    if (here(after)) return here(after).nextElementSibling;
    if (here(before)) return here(before);
    if (after) return moreIn(list) ? undefined : null;
    return cardsIn(list)[0] ?? moreIn(list);
  }

  /** Puts a card there; false where the page does not reach: it stands at the end of what is loaded. */
  function put(card, place) {
    const list = listOf(place.stage);
    const next = list && nextAt(list, place);
    if (!list) return false;
    const target = next === undefined ? moreIn(list) : next;
    const isThere = card.parentElement === list && (target === card || target === card.nextElementSibling);
    if (!isThere) keepFocus(card, () => list.insertBefore(card, target));
    return next !== undefined;
  }

  /** Puts a card there and counts it there. */
  function shift(card, place) {
    const { stage } = placeOf(card);
    const isReached = put(card, place);
    carry(card, stage, placeOf(card).stage);
    changed();
    return isReached;
  }

  function fromHtml(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  }

  // A new one for an old one: the part of it that had the focus has it again.
  function renew(old, html) {
    const fresh = fromHtml(html);
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    const part = at && ["data-menu", "data-panel"].find((name) => at.hasAttribute(name));
    old.replaceWith(fresh);
    window.htmx.process(fresh);
    changed(); // gives it its place in the order of Tab
    if (at) ((part && fresh.querySelector(`[${part}]`)) || fresh).focus({ preventScroll: true });
    return fresh;
  }

  /** Shows a card as the server has it, new or known. One that lies below what is loaded is left to the next page. */
  function show({ id, stage, after, html }) {
    const old = cardOf(id);
    const card = old ? renew(old, html) : fromHtml(html);
    if (!put(card, { stage, after })) return drop(card);
    if (!old) window.htmx.process(card);
    return changed();
  }

  function drop(card) {
    const heir = card.nextElementSibling?.matches("[data-card]") ? card.nextElementSibling : card.previousElementSibling;
    const hadFocus = card.contains(document.activeElement);
    card.remove();
    changed();
    if (hadFocus && heir?.matches("[data-card]")) heir.focus({ preventScroll: true });
  }

  const changed = () => document.dispatchEvent(new Event("board:changed"));

  ["board:changed", "htmx:historyRestore"].forEach((name) => document.addEventListener(name, addUp));
  document.addEventListener("htmx:afterSettle", ({ target }) => target.closest("[data-board]") && addUp());
  addUp();

  return { root, canEdit, cardOf, listOf, cardsIn, moreIn, columnOf, placeOf, phrase, say, tell, withdraw, carry, showHeads, shift, renew, show, drop, fromHtml };
})();
