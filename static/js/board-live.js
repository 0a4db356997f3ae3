// The board as others change it, asked for every few seconds; and the panel of a card.
(() => {
  "use strict";
  const EVERY_MS = 4000;
  const SLOWEST_MS = 30000;
  const board = window.funnelBoard;
  const { root, cardOf } = board;

  // News --------------------------------------------------------------------------------------------------------------
  let timer = null;
  let every = EVERY_MS;
  let isAsking = false;
  let isOwed = false; // asked for while it could not be

  function later(ms = every) {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  }

  async function look() {
    if (!root() || document.hidden) return;
    if (isAsking || board.isBusy()) return void (isOwed = true);
    isAsking = true;
    isOwed = false;
    const [shown, epoch] = [root(), board.epoch()];
    const { changes, revision } = shown.dataset;
    const reply = await board.ask(`${changes}${changes.includes("?") ? "&" : "?"}since=${revision}`);
    isAsking = false;
    if (shown !== root() || board.isBusy() || epoch !== board.epoch()) return later(0); // it may be older than what is shown
    every = reply.answer ? EVERY_MS : Math.min(every * 2, SLOWEST_MS);
    const end = { 401: "signIn", 404: "gone" }[reply.status];
    if (end) return board.tell(board.phrase(end), "danger");
    if (reply.status === 200 && reply.answer) await apply(reply.answer);
    return later(isOwed ? 0 : every);
  }

  async function apply({ reload, revision, cards, gone, heads }) {
    if (reload) return renewBoard();
    (gone ?? []).map(cardOf).forEach((card) => card && board.drop(card));
    (cards ?? []).forEach((card) => isNews(card) && board.show(card));
    board.showHeads(heads);
    root().dataset.revision = revision;
  }

  const isNews = ({ id, version }) => Number(cardOf(id)?.dataset.version ?? -1) < version;

  // The whole board anew, after its columns changed: what is being typed in it goes over as it is ------------------------
  const PARTS = ["id", "name", "data-menu", "data-panel", "href"]; // that tell a thing in the board

  async function renewBoard() {
    const shown = root();
    const text = await fetch(location.href, { headers: { Accept: "text/html" } }).then((answer) => answer.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-board]");
    if (!fresh) return (every = Math.min(every * 2, SLOWEST_MS));
    if (shown !== root() || board.isBusy()) return (isOwed = true);
    const focus = remember(shown);
    const scrolled = [".board-columns", ...[...shown.querySelectorAll("[data-cards]")].map(({ id }) => `#${CSS.escape(id)}`)].map((spot) => {
      const { scrollLeft, scrollTop } = shown.querySelector(spot);
      return [spot, scrollLeft, scrollTop];
    });
    shown.querySelectorAll("[data-quick]").forEach((form) => fresh.querySelector(`#${CSS.escape(form.parentElement.id)}`)?.replaceChildren(form));
    shown.replaceWith(fresh);
    window.htmx.process(fresh);
    document.dispatchEvent(new Event("board:changed"));
    scrolled.forEach(([spot, left, top]) => fresh.querySelector(spot)?.scrollTo(left, top));
    focus();
  }

  /** What gives the focus back to where it is in the old board: in a form that goes over, or the same part of a card. */
  function remember(shown) {
    const at = document.activeElement;
    if (!shown.contains(at)) return () => {};
    const { selectionStart, selectionEnd } = at;
    const holder = at.closest("[data-card], [data-stage]");
    const part = PARTS.find((name) => at.hasAttribute(name) && at !== holder);
    const value = part && CSS.escape(at.getAttribute(part));
    return () => {
      const again = at.isConnected ? at : document.getElementById(holder?.id);
      (again !== at && part ? again?.querySelector(`[${part}="${value}"]`) ?? again : again)?.focus({ preventScroll: true });
      if (at.isConnected && typeof selectionStart === "number") at.setSelectionRange(selectionStart, selectionEnd);
    };
  }

  document.addEventListener("board:settled", () => isOwed && later(0));
  document.addEventListener("funnel-changed", () => later(0));
  document.addEventListener("visibilitychange", () => document.hidden || later(0));
  window.addEventListener("online", () => later(0));
  window.addEventListener("pageshow", (event) => event.persisted && later(0));

  // The next page of a column: a card moved below the last one loaded is in it again ------------------------------------
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (!elt.matches("[data-board] [data-card]")) return;
    const twins = root().querySelectorAll(`[data-card="${CSS.escape(elt.dataset.card)}"]`);
    if (twins.length > 1) (board.isBusy() ? elt : twins[0] === elt ? twins[1] : twins[0]).remove();
  });

  // The panel of a card -------------------------------------------------------------------------------------------------
  let opener = null; // the card to go back to
  const panel = () => document.getElementById("card-panel");

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-board] a[data-panel]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button || !panel()) return;
    event.preventDefault();
    opener = link.pathname.split("/").at(-1);
    document.getElementById("card-panel-body").replaceChildren();
    window.tabler.Offcanvas.getOrCreateInstance(panel()).show();
    panel().focus();
    window.htmx.ajax("GET", link.href, { target: "#card-panel-body", swap: "innerHTML" });
  });

  document.addEventListener("hidden.bs.offcanvas", () => {
    const card = cardOf(opener);
    if (card && (document.activeElement === document.body || panel().contains(document.activeElement))) card.focus({ preventScroll: true });
  });

  // Narrow columns: their buttons stand outside of their form, where htmx does not see which one was pressed ------------
  document.addEventListener("htmx:configRequest", ({ detail: { elt, formData, triggeringEvent } }) => {
    const pressed = triggeringEvent?.submitter;
    if (elt.id === "board-columns" && pressed) formData.set(pressed.name, pressed.value);
  });

  later();
})();
