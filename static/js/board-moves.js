// Moves of cards: shown at once, saved one after the other for each card, and back where they were when refused.
(() => {
  "use strict";
  const RETRY_FOR_MS = 10000; // a server that restarts is back by then
  const PAUSES_MS = [500, 1000, 2000]; // the last again and again
  const ANSWER_WITHIN_MS = 8000;
  const AWAY = [502, 503, 504];
  const { root, cardOf, listOf, columnOf, placeOf, phrase, say, tell, withdraw, showHeads, shift, renew, drop, fromHtml } = window.funnelBoard;

  // Talking to the server --------------------------------------------------------------------------------------------
  const commonWords = JSON.parse(document.getElementById("words").textContent);
  const pause = (ms) => new Promise((go) => setTimeout(go, ms));

  async function ask(url, form, within = ANSWER_WITHIN_MS) {
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") ?? "{}"), Accept: "application/json", "HX-Request": "true" };
    const signal = AbortSignal.timeout(within);
    const body = form && new URLSearchParams(form);
    try {
      const response = await fetch(url, { method: form ? "POST" : "GET", body, headers, signal, keepalive: Boolean(form) });
      if (response.headers.has("HX-Redirect")) location.assign(response.headers.get("HX-Redirect")); // signed out meanwhile
      return { status: response.status, isAway: AWAY.includes(response.status), ...(await read(response)) };
    } catch {
      return { status: 0, isAway: true };
    }
  }

  async function read(response) {
    const text = await response.text();
    if (response.headers.get("Content-Type")?.startsWith("application/json")) return { answer: JSON.parse(text) };
    if (/^\s*<div class="toast/.test(text)) return { answer: { error: fromHtml(text.trim()).textContent.trim() } };
    return { answer: response.status === 204 ? {} : null };
  }

  // A server that is away is asked again for a while; `times` tells how often it was.
  async function insist(url, form) {
    const until = performance.now() + RETRY_FOR_MS;
    for (let times = 1; ; times++) {
      const reply = await ask(url, form, Math.max(1000, Math.min(ANSWER_WITHIN_MS, until - performance.now())));
      const wait = PAUSES_MS[Math.min(times, PAUSES_MS.length) - 1];
      if (!reply.isAway || performance.now() + wait > until) return { ...reply, times };
      await pause(wait);
    }
  }

  // Saving: one after the other for each card, since each move names the version that the one before it left ----------
  const queues = new Map(); // card id -> { base: where the server has it, version, tasks }
  const done = []; // moves that can be taken back, the last one last
  let holds = 0; // a card is in somebody's hand: what comes meanwhile is shown when it is free
  let epoch = 0; // of own moves: news asked for in an earlier one may be older than what is shown
  let heads = {};
  const waiting = [];

  const hold = () => (holds += 1);
  const free = () => (holds ? new Promise((go) => waiting.push(go)) : Promise.resolve());
  function release() {
    holds -= 1;
    if (holds) return;
    waiting.splice(0).forEach((go) => go());
    settle();
  }

  const isBusy = () => holds > 0 || queues.size > 0;
  function settle() {
    if (isBusy()) return;
    showHeads(heads);
    heads = {};
    document.dispatchEvent(new Event("board:settled"));
  }

  function enqueue(id, base, task) {
    const card = cardOf(id);
    const queue = queues.get(id) ?? { id, base, version: card?.dataset.version, tasks: [] };
    epoch += 1;
    queue.tasks.push(task);
    card?.classList.add("is-saving");
    if (queues.has(id)) return;
    queues.set(id, queue);
    work(queue);
  }

  async function work(queue) {
    try {
      while (queue.tasks.length) await finish(queue, queue.tasks.shift());
    } finally {
      queues.delete(queue.id);
      cardOf(queue.id)?.classList.remove("is-saving");
      epoch += 1;
      settle();
    }
  }

  async function finish(queue, task) {
    if (task.undoes && !task.undoes.change) return; // what it would take back was refused itself
    const url = task.undoes ? root().dataset.undo.replace("{change}", task.undoes.change) : root().dataset.move.replace("{card}", queue.id);
    const reply = await insist(url, task.undoes ? {} : { ...task.form, version: queue.version });
    await free();
    if (!root()) return; // another page by now
    if (reply.status === 200 && reply.answer) accept(queue, task, reply.answer);
    else if (wasSavedBefore(task, reply)) accept(queue, task, { card: reply.answer.card });
    else refuse(queue, task, reply);
  }

  function forget({ record }) {
    if (done.includes(record)) done.splice(done.indexOf(record), 1);
  }

  const abandon = (queue) => queue.tasks.splice(0).forEach(forget);

  // The answer to the first attempt was lost: the second one is told that the card has changed, to what was wanted.
  function wasSavedBefore({ form }, { status, times, answer }) {
    const card = answer?.card;
    return status === 409 && times > 1 && form && card?.stage === form.stage && [card.after ?? "", "last"].includes(form.after);
  }

  function accept(queue, task, { card, change, heads: fresh, said }) {
    Object.assign(heads, fresh);
    const shown = cardOf(queue.id);
    const isLast = !queue.tasks.length || !card;
    if (card) Object.assign(queue, { version: card.version, base: { stage: card.stage, after: card.after } });
    else abandon(queue); // it is where this page shows none: in a narrow column, or outside of the filters
    if (shown && isLast) card ? shift(renew(shown, card.html), card) : drop(shown);
    if (card && !shown) document.dispatchEvent(new Event("funnel-changed")); // it comes with the news
    if (task.record) task.record.change = change;
    const isCarriedOn = card && task.form && card.stage !== task.form.stage; // by a rule: no undo leads back over that
    if (!change || isCarriedOn) forget(task);
    const canUndo = task.record && isLast && !isCarriedOn;
    if (said) tell(task.undoes ? `${phrase("undone")} ${said}` : said, "success", canUndo ? { label: phrase("undo"), run: undo } : undefined);
  }

  function refuse(queue, task, { status, isAway, answer }) {
    forget(task);
    abandon(queue); // what went on from a place that it never had
    const shown = cardOf(queue.id);
    const isStale = status === 409 && answer?.card && String(answer.card.version) !== String(queue.version);
    const ours = isAway && shown && !task.undoes ? phrase("offline") : isAway ? commonWords.offline : phrase("failed");
    tell(isStale ? phrase("changed") : (answer?.fields?.reason?.[0] ?? answer?.error ?? ours), "danger");
    if (task.undoes && isAway) done.push(task.undoes);
    if (!shown) return;
    const place = answer?.card ?? queue.base;
    const card = answer?.card ? renew(shown, answer.card.html) : shown;
    if (place) shift(card, place);
    if (card.contains(document.activeElement)) card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Saves where a card stands now, which came from `origin`; into a lost column when somebody says why. `isLast`: below
   * all cards of the column, those that are not loaded too. */
  async function commit(card, origin, isLast = false) {
    const place = placeOf(card);
    if (place.stage === origin.stage && place.after === origin.after && !isLast) return;
    let reason = "";
    if (columnOf(card).dataset.kind === "lost" && listOf(origin.stage).closest("[data-stage]").dataset.kind !== "lost") {
      hold();
      reason = await askWhy(card);
      if (reason === null) putBack(card, origin);
      release();
      card.focus({ preventScroll: true });
    }
    if (reason === null) return;
    const record = { id: card.dataset.card, change: null };
    done.push(record);
    const form = { stage: place.stage, after: isLast ? "last" : place.after ?? "", before: place.before ?? "", reason };
    enqueue(record.id, origin, { form, record });
  }

  function putBack(card, origin) {
    shift(card, origin);
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    say("cancelled", card);
  }

  /** Why a deal was lost: null when that is not to be said. */
  function askWhy(card) {
    const dialog = document.getElementById("board-reason");
    const form = dialog.querySelector("form");
    form.reset();
    dialog.querySelector("[data-error]").textContent = "";
    dialog.returnValue = "cancel";
    dialog.showModal();
    return new Promise((answer) => {
      dialog.addEventListener("close", () => answer(dialog.returnValue === "ok" ? reasonIn(form) : null), { once: true });
    });
  }

  const reasonIn = (form) => form.elements.reason.value || form.elements.other.value.trim();

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("#board-reason form");
    if (!form || event.submitter?.value !== "ok" || reasonIn(form)) return;
    event.preventDefault();
    form.querySelector("[data-error]").textContent = phrase("needsReason");
    (form.elements.reason.value === "" && form.querySelector("[data-other]:checked") ? form.elements.other : form.querySelector("[name=reason]")).focus();
  });
  document.addEventListener("click", ({ target }) => target.closest("#board-reason [data-cancel]")?.closest("dialog").close("cancel"));
  document.addEventListener("input", ({ target }) => {
    if (target.matches("#board-reason [name=other]")) target.form.querySelector("[data-other]").checked = true;
  });

  /** Takes the last move back that is not taken back yet. */
  function undo() {
    const record = done.pop();
    withdraw();
    if (!record) return;
    const card = cardOf(record.id);
    if (document.activeElement === document.body) card?.focus({ preventScroll: true }); // its button went with the toast
    enqueue(record.id, card && placeOf(card), { undoes: record });
  }

  Object.assign(window.funnelBoard, { ask, hold, release, isBusy, commit, putBack, undo, epoch: () => epoch });
})();
